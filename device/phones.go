package device

// phones are the models, by maker, that are phones even if they do not say
// Mobile, as when a person asks for the desktop site.
const phones = `
	Alcatel: 4###? 5###?
	Asus: ai2### rog* zb###* zc###* ze###* zenfone* zs###*
	BlackBerry: bba100-* bbb100-* bbd100-* bbe100-* bbf100-* sth100-* stv100-*
	Blackview: bv####*
	Cat: s22_flip* s31 s41 s42* s48c s52 s53 s60 s61 s62* s75
	Fujitsu: arrows* f-##?
	General Mobile: gm_#*
	Gionee: gn####*
	Google: ekg-* galaxy_nexus nexus_4 nexus_5* nexus_6* nexus_one nexus_s pixel pixel_*
	HMD: hmd*
	Homtom: ht## ht##_pro
	Honor: ali-* any-* bvl-* cky-* clk-* cma-* crt-* elp-* fne-* gia-* lge-* lly-* maa-* nic-* nth-* pgt-* ptp-* rea-*
		rmo-* tfy-* ver-* vne-* wdy-*
	HTC: desire* htl## htv##
	Infinix: x5## x55## x6## x6### x6###? x6##?
	Kyocera: ###kc a###kc kyg## kyv##
	LeEco: le_max* le_x### letv* lex###
	LG: l-0#? lg-* lgl##* lgls* lgm* lgmp* lgms* lgus* lm-* vs###*
	Meizu: m#_note* m5c m6t mx4* mx5* mx6*
	Microsoft: lumia*
	Motorola: droid* mb### moto xt####*
	Nokia: ta-1###
	Nothing: a001 a059 a063 a065 a142 a142p ain065
	Nubia: nx####? nx###?
	OnePlus: ac20## be20## cph2381 cph2399 cph2401 cph2409 cph241# cph244# cph2451 cph2465 cph2467 cph2487 cph2491
		cph2493 cph2551 cph2569 cph2573 cph2581 cph2583 cph2585 cph2609 cph2611 cph2613 cph2619 cph2621 cph2645
		cph2647 cph2649 cph2653 cph2655 cph2661 cph2663 cph2691 dn21## eb21## ev22## gm19## gn22## hd19## in20##
		iv22## kb20## le21## mt21## ne22## one_a#### phb1## pjz110 pkr110
	OPPO: cph* find_x* pa?m## pb?m## pb?t## pc?m## pc?t## pd?m## pd?t## pe?m## pe?t## pf?m## pg?m## ph?m## r7plus*
	Oukitel: k10000* k6000*
	POCO: 2####pc??* 2###?pc??* 22####??pg 22######pi poco_*
	Prestigio: psp####*
	Realme: rmx####*
	Samsung: galaxy* gt-* sc-##? scg## sch-* scv## sgh-* shv-* shw-* sm-* sph-*
	Sharp: ###sh a###sh sh-##? sh-m## shg## shv##
	Sony: ###so a###so c#### d#### e#### f#### g#### h#### i#### j#### so-##? sog## sol## sov## xperia* xq-*
	TCL: 8030? 8050? 9001? 9002?
	Ulefone: armor* power_armor*
	Vivo: i20## i22## v1###* v2###* v3###*
	Vodafone: vfd_*
	Wiko: jerry* lenny* rainbow* sunny* tommy* u_feel* view_* w-k### w_k### w_p###
	Xiaomi: 19##??* 20##??* 21##??* 22##??* 23##??* 24##??* 25##??* 26##??* hm_##* hm_note* m19#* m20#* m21#* mi_#*
		mi_a#* mi_max* mi_mix* mi_note* mix_* note_#*
	ZTE: ###zt a###zt a20##* blade_* z###`
