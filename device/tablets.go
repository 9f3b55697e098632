package device

// tablets are the models, by maker, that are tablets even if they say Mobile,
// as many do that can phone. Where a word in the name gives a tablet away, as in
// "Blackview Tab 8", no line is needed.
const tablets = `
	Acer: a1-7* a1-8* a100 a101 a200 a3-a* a500 a501 a510 a511 a700 a701 acer_one_* actab* b1-7* b1-8* b1-a* b3-a*
		iconia* one_7
	Advan: advan_vandroid_t* advan_x7*
	Alcatel: 8063 8067 8068 8082 8084 8085 8088 8092 8094 9013 9022 9024 9026 9027 9032 9203 9221 one_touch_evo*
		one_touch_p3* one_touch_t10* onetouch_p3*
	Alldocube: i1022* i1023* iplay* kpad* m5x m5xs t1001* t1003* u1005* u1006*
	Amazon: kf????* kindle* sd4930ur
	Archos: 97c_platinum ac101* ac70* ac80* archos_10* archos_133* archos_7* archos_8* archos_9* archos_access_10*
		archos_access_7* archos_core_10* archos_core_7* archos_oxygen_101* archos_sense_101*
	Asus: fonepad* k00#* k00?* k01#* k01?* me###* p0##* p0#?* p00?* p1801* padfone_t* slider_sl101 tf###* transformer*
		zenpad*
	Barnes & Noble: bnrv* bntv*
	Blackview: active_10* active_12* active_6* active_8*
	BLU: m10l* m8l* touchbook*
	BMAX: bmax*
	BQ: aquaris_e10* aquaris_m10* aquaris_m8* bq-1###* bq-7###* bq-8###* bq-9###* bq_aquaris_m10* bq_edison*
		bqru-1###* bqru-7###* bqru-8###* edison*
	CCIT: kt###pro
	Chuwi: hi10* hi13* hi8* hi9* hibook* vi10* vi8*
	Crosscall: core-t*
	Danew: dslide*
	Dell: streak_10* streak_7* venue_10* venue_7* venue_8*
	Denver: tac-* tad-* taq-* tio-* tiq-*
	DEXP: ursus*
	DigiLand: dl1####* dl7###* dl8###*
	Digma: citi_1* citi_7* citi_8* citi_kids* citi_octa* cs1####* cs8####* optima_* plane_* ps1### ps1####* ps7###*
		ps8###* ts1###* ts7###* ts8###* tt1###* tt7###*
	Doogee: r08 r10 r20 t10 t10? t20 t20? t20mini* t30* u10 u11 u9
	Dragon Touch: max10* notepad_*
	Ematic: egd###* egq###* egs###*
	Energy Sistem: energy_tablet* neo_3*
	Exceed: ex10* ex7* ex8*
	Fossibot: dt1 dt2
	Fujitsu: arrows_tab* f-01d f-02f f-02k f-03g f-04h f-05e fjt21
	Google: nexus_10* nexus_7* nexus_9* pixel_c pixel_slate pixel_tablet*
	Hometech: alfa10* alfa_10* alfa_7* alfa_8*
	Honor: agm-* agm3-* brt-* eln-* eln2-* elne-* gdi-* hey-* hey2-* hey3-* hjc-* hjc2-* jdn-* jdn2-* jms-* koz-w*
		krj-* krj2-* ndl-* rod-* rod2-*
	Hotwav: hotwav_r5* hotwav_r6* hotwav_r7*
	HP: hp_10* hp_7* hp_8* hp_pro* hp_slate* slate_*
	HTC: evo_view* flyer* htc_flyer* htt21 pg09410 pg41200
	Huawei: 403hw 502hw_t* 605hw 606hw 607hw 608hw 704hw agr-* agrk-* ags#-* ags-* ags2?-* ags3?-* ags4-* bah#-* bah-*
		bg2-* bgo-* btk-* btkr-* btv-* bza-* bzc-* bzd-* bzi-* bzk-* bzt#-* bzt-* bzw-* cmr-* cpn-* d-01g d-01h d-01j
		d-01k d-02g d-02h d-02k dbr-* dby-* dby2-* debr-* fdr-* gem-* got-* hdl-* hdn-* ideos_s7* kob#-* kob-* kob2k-*
		kobe#-* kobe-* m2-10* m2-8* m2-a* mediapad* mon-* mrr-* mrro-* mrx-* mrxk-* pce-* ple-* s10-###* s7-###*
		s8-###* scm-* scmr-* sht-* t1-10* t1-6* t1-7* t1-8* t1-9* t1-a* t2-7* t2-8* vrd-* wgr-* wgrr-* xyao-*
	iBall: slide_*
	Irbis: tw## tx## tz##*
	iRulu: expro* expx*
	Itel: itel_p1####* itel_p7* itel_vista* p10001l* p10002l* p10003l* p11001l* p13001l*
	KDDI: kyt## qua_tab*
	Krüger&Matz: eagle_10* eagle_7* eagle_8* eagle_9* km07## km08## km10##
	Kurio: c13###* c14###* c15###* kurio*
	Lecoo: lecoo_p1*
	Lenovo: ###lv a###lv a10-##* a1000-* a1000l-* a2107* a2109* a2207* a3000-* a3300-* a3500-* a5500-* a7-##* a7600-*
		a8-##* b6000-* b8000-* b8080-* d-42a d-52c? ideapad* ideatab* k10###_t* l12011* pb-6505* pb1-750p s5000-*
		s6000* s8-50* tb###* tb#-* tb-* thinkpad* xiaoxin* yb#-* yb-* yoga_tab* yt#-* yt-*
	LG: l-06c lg-uk###* lg-v###* lg-vk###* lgt31 lgt32 lm-t6##* uk750 v400 v480 v490 v500 v507l v510 v520
		v521 v700 vk### vk####*
	Logicom: l-ement* logicom_tab* m_bot_tab*
	Mecer: m7#qf*
	Medion: lifetab* p10##x p101##* p102##* p103##* p104##* p105##* p106##* p85##x p851x p89##x p97##x p970x
	Meta: quest*
	Micromax: micromax_p*
	Microsoft: surface_duo*
	Motorola: mz###* xoom* xt2261-* xyboard*
	Multilaser: m10_4g m7_3g* m7s* m8_4g m9_3g m9_4g ml-*
	nabi: nabi* snb02*
	NEC: lavie_t* lavietab* n-06d n-08d pc-te* pc-ts*
	Nextbook: next#* nx######* nxa*
	Nokia: n1 t10 t20 t21 ta-1380 ta-1392 ta-1397 ta-1402 ta-1462 ta-1472 ta-1487 ta-1495 ta-1503 ta-1505 ta-1512
		ta-1521
	Nomi: nomi_c07* nomi_c08* nomi_c10*
	Nvidia: shield_tablet* tegra_note* tegranote*
	Odys: odys* xelio*
	Onda: obook* v10_4g v801* v80_* v820* v891* v919* v975* v989*
	OnePlus: opd2203* opd23##* opd24##* opd25##*
	Onn: 100######*
	Onyx: boox* c67* darwin# euclid faust# galileo kant# livingstone* monte_cristo* onyx* robinson_crusoe*
		vasco_da_gama* volta#
	OPPO: opd*
	Oukitel: okt#* ot11* ot5* ot6* ot8* rt1 rt2 rt3* rt5* rt6* rt7* rt8*
	Oysters: t104* t72* t74* t84*
	Panasonic: fz-a* fz-b* fz-g* fz-m* jt-* p-08d
	Pixus: pixus_arena* pixus_deon* pixus_joker* pixus_touch*
	POCO: 2405cpc* poco_pad*
	Positivo: t1060* t701* t710* t770* t800* t810* twist_tab*
	Prestigio: pmp####* pmt####* psp####_t*
	Proscan: plt####*
	RCA: m71* rc7t* rct* w101*v2*
	Realme: rmp####*
	Reeder: reeder_a7* reeder_a8* reeder_m10* reeder_m7* reeder_m8*
	Ritmix: rmd-*
	Samsung: galaxy_tab* gt-n51##* gt-n80##* gt-p* sc-01c sc-01d sc-01e sc-02d sch-i705* sch-i800* sch-i815* sch-i905*
		sch-i915* sch-i925* sct## sgh-i467* sgh-i497* sgh-i957* sgh-i987* sgh-t779* sgh-t849* sgh-t859* sgh-t869*
		shv-e140* shv-e150* shv-e230* shw-m180* shw-m38##* shw-m48##* shw-m500* sm-p###* sm-t* sm-x* sph-p100*
		sph-p500*
	Sharp: sh-05g sh-06f sh-08e sht2#
	Sky: elite_octa* elite_t* platinum_view*
	Sony: sgp###* sgpt##* so-03e so-05f so-05g sony_tablet* sot## sot21 xperia_tablet* xperia_z2_tablet*
		xperia_z4_tablet*
	SPC: gravity* heaven* lightyear*
	T-Mobile: tmrv5gtb
	TCL: 1t 3t 8###? 8###?_* 9###? 9###?_* i216x p310x p320x p321 p350x p360x
	Teclast: m16* m18 m20_4g m30 m30_pro m40* m50 m50_* m50hd* m50pro* m89* master_t* p10hd* p10s* p20hd* p20s* p25t*
		p26t* p30hd* p30s* p30t* p40hd* p50hd* p80* p85* p90hd* t40* t50 t50* t60 t60* t65* t70_* tlp* tpad* x80_*
		x98_*
	Tecno: droipad* megapad* p702* p703* p704* p904* t1101 tecno_p7* tecno_p9* tecno_t1*
	Telefunken: tel-####gi* tel-####giq* tel-###gi* tel-###giq* tel-##gi* tel-##giq*
	teXet: tm-1### tm-7### tm-8### tm-9###
	TopDevice: tdt####_*
	Toshiba: at10-* at100 at10le* at10pe* at1s0 at200 at270 at300* at500* at7-* at830 at85* tosh*
	TrekStor: st#####* surftab* volks-tablet* vt1####*
	Verizon: ellipsis* qmv7* qtair* qtaq* qtasun*
	ViewSonic: gtablet* viewpad*
	Vivo: dpd####* ipa2### pa2###*
	Vodafone: smart_tab* vfd_1100 vfd_1300 vfd_1400
	VTech: innotab* storio*
	X-TIGI: hope10* hope7* hope8* hope9* joy10* joy7* joy8* x_tigi_joy*
	Xiaomi: 2####rp* 2###?rp* 2105118* 2108118* 22081281* 22081283* m2105k81* m2107k81* mi_pad* mipad*
	Zebra: et4#* et5#* et6#* et8#*
	ZTE: 9020a k83 k87ca k88 k90u k92 k98 zte_k8* zte_k9*
	: apad* ctab* cube_* d-41a d-51c d-52c dmtab* e-tab* etab* hytab* i-buddy* itab* jolla_tablet kingpad* koral*
		ktab* lenco* mid#* mid-* mid_* nabi* novo7* novo9* ns-##* ns-p##* picopad* pipo* pmid* qilive* ramos* smartab*
		talk7* talk8* talk9* talk_* teo* tolino* tu_#### u##gt* ubislate* viva_c* viva_h* winner_tab* yuntab* zync*`
