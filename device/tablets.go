package device

// tablets are model numbers of tablets. They are needed for the many that call
// themselves Mobile because they can phone.
var tablets = []string{
	"sm-t*", "sm-x*", "sm-p###*", "gt-p*", "gt-n80##*", "gt-n51##*", "shw-m180*", "shw-m38##*", "shw-m48##*", "shw-m500*",
	"shv-e140*", "shv-e150*", "shv-e230*", "sch-i705*", "sch-i800*", "sch-i815*", "sch-i905*", "sch-i915*", "sch-i925*",
	"sgh-i467*", "sgh-i497*", "sgh-i957*", "sgh-i987*", "sgh-t849*", "sgh-t859*", "sgh-t869*", "sgh-t779*", "sc-01c", "sc-01d", "sc-02d", "sc-01e", "sct##", "galaxy tab*",

	"tb-*", "tb#-*", "tb###*", "yt#-*", "yt-*", "yb#-*", "yb-*", "pb-6505*", "pb1-750p", "ideatab*", "ideapad*", "yoga tab*",
	"a7-##*", "a8-##*", "a10-##*", "a1000-*", "a1000l-*", "a2107*", "a2109*", "a3000-*", "a3300-*", "a3500-*", "a5500-*", "a7600-*",
	"b6000-*", "b8000-*", "b8080-*", "s5000-*", "s6000*", "s8-50*", "###lv", "a###lv", "thinkpad*",

	"ags-*", "ags#-*", "agr-*", "agrk-*", "ags3k-*", "ags5-*", "ags6-*", "bah-*", "bah#-*", "bg2-*", "bgo-*", "btk-*", "btkr-*", "btv-*", "bza-*", "bzc-*",
	"bzk-*", "bzt-*", "bzt3-*", "bzt4-*", "bzw-*", "cmr-*", "cpn-*", "dby-*", "dby2-*", "dbr-*", "debr-*", "fdr-*", "gem-*", "got-*", "hdn-*", "jdn-*", "jdn2-*",
	"kob-*", "kob2*-*", "kobe-*", "lon-w*", "m2-80#*", "m2-a01*", "m2-10#*", "mon-*", "mrd-w*", "mrr-*", "mrx-*", "mrxk-*", "mrro-*", "pce-*", "ple-*", "scm-*", "scmr-*", "sht-*",
	"s10-###*", "s7-###*", "s8-###*", "s8-70#*", "t1-###*", "t1-a##*", "t2-###*", "vrd-*", "wgr-*", "wgrr-*", "xyao-*", "mediapad*", "matepad*", "403hw", "605hw", "606hw", "607hw", "608hw", "704hw",
	"agm-*", "agm3-*", "brt-*", "elne-*", "gdi-*", "hey-*", "hey2-*", "hey3-*", "hjc-*", "hjc2-*", "krj-*", "krj2-*", "rod-*", "rod2-*",

	"2###?rp*", "m2105k81*", "m2107k81*", "2105118*", "2108118*", "22081281*", "22081283*", "mi pad*", "redmi pad*", "xiaomi pad*",
	"opd####*", "rmp####*", "pa2###*", "dpd####*", "x1101*", "x1102*", "oneplus pad*", "v###0 pad",

	"p0##*", "p00?*", "p0#?*", "k00#*", "k00?*", "k01#*", "k01?*", "tf###*", "me###*", "transformer*", "zenpad*", "slider sl101", "p1801*",
	"a1-7*", "a1-8*", "a3-a*", "a1-81*", "b1-a*", "b1-7*", "b1-8*", "b3-a*", "a100", "a101", "a200", "a500", "a501", "a510", "a511", "a700", "a701", "iconia*", "actab*", "acer one *",
	"lg-v###*", "lg-vk###*", "vk###", "vk####*", "lg-uk###*", "lm-t600*", "sgp###*", "sgpt##*", "so-03e", "so-05f", "so-05g", "sot##", "xperia tablet*", "xperia z# tablet*",
	"nexus 7*", "nexus 9*", "nexus 10*", "pixel c", "pixel tablet*", "xoom*", "mz###*", "xyboard*", "moto tab*", "moto pad*", "kf????*", "kindle*",
	"ta-1392", "ta-1397", "ta-1462", "ta-1472", "ta-1487", "ta-1495", "ta-1503", "ta-1512", "ta-1521", "nokia t1#*", "nokia t2#*", "t10", "t20", "t21",
	"8###?", "8###?_*", "9###?", "9###?_*", "tcl tab*", "1t", "3t", "i216x", "p350x", "p360x", "p321", "p320x", "p310x",
	"shield tablet*", "tegra note*", "tegranote*", "surftab*", "lifetab*", "p10##x", "p104##*", "p89##*", "p97#x", "p85#x",
	"qtaq*", "qtair*", "qmv7*", "qtasun*", "ellipsis*", "9020a", "k88", "k90u", "k92", "zte k8*", "f-01d", "f-02f", "f-02k", "f-03g", "f-04h", "f-05e", "d-0#?", "d-4##", "d-5##", "kyt##", "lgt3#", "htt21",
	"venue *", "streak *", "slate *", "hp slate*", "hp 7*", "hp 8*", "hp 10*", "hp pro*", "at1##", "at2##", "at3##", "at5##", "at7##", "at10*", "at7-*", "1000######",
	"rct####*", "ns-##*", "ns-p##*", "nx######*", "next*", "dl#####*", "egq###*", "egd###*", "gt-1000*", "hytab*", "koral*",

	"archos 7*", "archos 8*", "archos 9*", "archos 10*", "archos 101*", "archos 133*", "ac#####*", "ac70*", "ac80*", "ac101*", "t70*", "qilive*", "odys*", "xelio*",
	"pmt####*", "pmp####*", "tz##*", "tx##", "tu_####", "tw##", "tt####*", "ts####*", "cs####*", "ps####pl", "ps####mg", "citi #*", "plane #*", "plane e*", "plane s*", "optima #*", "ursus*", "bq-7###*", "bq-8###*", "bq-9###*", "bq-1###*",
	"iplay*", "kpad*", "u1005*", "u1006*", "i1022*", "i1023*", "t1001*", "t1003*", "m5x", "m5xs", "p20hd*", "p20s*", "p25t*", "p30s*", "p30hd*", "p40hd*", "p80*", "p85*", "p90hd*", "m30_*", "m40*", "m50*", "t40*", "t50*", "t60*", "tpad*", "tlp*", "x98 *", "x80 *",
	"hi8*", "hi9*", "hi10*", "hipad*", "vi8*", "vi10*", "active 6", "active 8*", "rt1", "rt2", "rt3*", "rt5*", "rt6*", "rt7*", "rt8*", "ot5*", "okt#", "armor pad*", "wp pad*", "t10 *", "t20 *", "t30 *", "u10", "u11", "r10", "r08",
	"v10 4g", "v80 *", "v891*", "v919*", "v820*", "v975*", "v989*", "cube*", "u##gt*", "talk*", "pipo*", "novo*", "ramos*", "m7 *", "m7s*", "m8_4g", "m9_*", "m9 3g", "m10_*", "m10a*", "m10 4g", "ml-*", "twist tab*",
	"itel p#####*", "p10001l*", "p10002l*", "p10003l*", "p11001l*", "p13001l*", "p7##*", "p904*", "t1101", "tecno p#*", "megapad*", "droipad*",
	"fz-a*", "fz-b*", "fz-g*", "jt-*", "et5#*", "et4#*", "et8#*", "core-t*", "rt10a*", "surface duo*",
	"kurio*", "c13###*", "c14###*", "c15###*", "snb02*", "nabi*", "bntv*", "storio*", "innotab*", "taq-*", "tiq-*", "tad-*", "tac-*", "tio-*", "pmid*", "mid#*", "mid_*", "mid-*", "teo*", "e-tab*", "etab*", "slide *", "slide_*", "slide-*", "ct###", "ubislate*",
	"vfd 1#00", "vfd 1##0", "smart tab*", "p1032x", "p1050x", "p101##*", "p851x", "volks-tablet*", "vt1####*", "viewpad*", "gtablet*", "dmtab*", "notepad *", "max10*", "kingpad*", "hipad*", "smartab*", "stark*tab*", "viva h*", "quest*",
	"advan x7*", "w##?_tab", "x10 *", "yuntab*", "picopad*", "winner tab*", "lenco*", "ktab*", "wintab*", "i-buddy*", "itab*", "one_7",
}

// notTablets are phones among the numbers above.
var notTablets = []string{
	"8030?", "8050?", "9001?", "9002?", "gem-7*_phone", "t10_phone", "gt-p*_phone", "p7plus*",
}

// tvs are model numbers of televisions, sticks and set-top boxes.
var tvs = []string{
	"a95x*", "adt-*", "aft?*", "alibaba*", "am6*", "amlogic*", "android on *", "aquos-tv*", "at&t tv", "b860*", "bb2*", "beelink*", "beyondtv*", "bravia*", "changhong android*",
	"chromecast*", "dctiw*", "docooler*", "dreamtv*", "dtv*", "dv####*", "egreat*", "evpad*", "g-box*", "generic android*", "google tv*", "gt-king*", "gt1*", "gtking*", "h20*", "h96*", "h97*", "hisense*tv", "himedia*", "hk1*", "hx_s9*", "hybroad*", "iptv*",
	"kd-##*", "kdl-*", "kdl*", "km8*", "km9*", "konka android*", "leelbox*", "m8s*", "m9s*", "m96*", "magicbox*", "magicsee*", "mbx*", "mecool*", "mibox*", "mi box*", "mi tv*", "mini m8*", "mini mx*", "minia5x*", "minim8*", "minix*", "mitv*", "mk8##*", "mk9##*", "mstar*", "mx9*", "mx10*", "mxiii*", "mxq*",
	"n5 max*", "n5max*", "neo-x*", "neo-u*", "neo-t*", "neo_*", "nexbox*", "nexus player", "nexus q", "onn. *", "ott*", "p281", "p212", "panasonic tv*", "pendoo*", "pulier*", "q box*", "qbox*", "q10 pro*", "q5 pro*", "qm1##*", "qv1##*", "r-box*", "r-tv*", "r69*", "rbox*", "realtek*", "rk30##*", "rk31##*", "rk32##*", "rk33##*", "rockchip*",
	"s805*", "s812*", "s905*", "s912*", "s922*", "scishion*", "sei###*", "shield android tv*", "skyworth*", "smart tv*", "smart-tv*", "smart_tv*", "smarttv*", "stb*", "sti####*", "sunvell*", "t95*", "tanix*", "tbs_*", "tcl android*", "tcl smart*", "tmall*", "tpm1*", "tronsmart*", "tv box*", "tv*", "tvbox*", "tx2*", "tx3*", "tx5*", "tx6*", "tx7*", "tx8*", "tx9*", "ubox*", "ugoos*", "uiw####*", "v88*", "vorke*", "vontar*", "wetek*", "winbox*", "x88*", "x92*", "x96*", "x98 pro", "x98 plus", "x99*", "xstream*", "z28*", "z4*", "z69*", "zidoo*", "zx10*", "kiii*", "m-box*", "mag###*", "diga*", "hub 10*", "stick*", "firetv*", "atv*", "bomix*", "alfawise*", "x10 plus*",
}
