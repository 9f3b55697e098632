package device

// tvs are the models, by maker, of televisions, sticks and set-top boxes, whose
// User-Agents say no more than Android.
const tvs = `
	Amazon: aft?*
	Asus: nexus_player
	Beelink: beelink* gt-king* gt1_* gtking*
	Google: adt-* chromecast* google_tv* nexus_q
	Himedia: himedia* q10_pro* q5_pro*
	Mecool: bb2* km8* km9* m8s* mecool*
	Minix: minix* neo-t* neo-u* neo-x* neo_u* neo_x*
	Nvidia: shield shield_android_tv*
	Panasonic: diga* panasonic_tv* viera*
	Philips: qm1##* qv1##* tpm1*
	Rikomagic: mk8##* mk9##* rkm_*
	Skyworth: skyworth*
	Sony: bravia* kd-##* kdl* nsz-*
	TCL: beyondtv* tcl_android* tcl_smart*
	Xiaomi: mi_box* mi_tv* mibox* mitv*
	Zidoo: zidoo*
	: a95x* alfawise* alibaba* am6* amlogic* android_on_* aquos-tv* at&t_tv atv* b860* bomix* c300pro* c71kw-*
		changhong_android* dctiw* docooler* dreamtv* dtv* dv####* egreat* evpad* firetv* formuler* g-box*
		generic_android* gtv* h20_* h96* h97* hk1* hx_s9* hybroad* iptv* kiii* konka_android* leelbox* m-box* m96*
		m9s* mag###* magicbox* magicsee* mbx* mini_m8* mini_mx* minia5x* minim8* mstar* mx10* mx9* mxiii* mxq* n5_max*
		n5max* nexbox* onn._* ott* p212 p281 pendoo* pulier* q-box* q_box* qbox* r-box* r-tv* r69* rbox* realtek*
		rk30##* rk31##* rk32##* rk33##* rockchip* s805* s812* s905* s912* s922* scishion* sei###* smart-tv* smart_tv*
		smarttv* stb* sti####* stick* sunvell* t95* tanix* tbs_* tf-tf6* tmall* tronsmart* tv* tx2_* tx3* tx5* tx6*
		tx7* tx8* tx9* ubox* ugoos* uiw####* v88* vontar* vorke* wetek* winbox* x88* x92* x96* x98_plus x98_pro x99*
		xstream* xtreamer* z28* z69* zx10*`
