package device

// makers are the names that models start with, and whose they are.
const makers = `
	Acer: acer
	Advan: advan
	AGM: agm
	Alcatel: alcatel*
	Alldocube: alldocube
	Allview: allview
	Amazon: amazon
	Archos: archos
	Asus: asus
	Beeline: beeline
	Bird: bird
	BlackBerry: blackberry* rim
	Blackview: blackview
	BLU: blu
	Bluboo: bluboo
	BMAX: bmax
	Bmobile: bmobile
	BQ: bq
	Casper: casper
	Cat: cat cat_s*
	Celkon: celkon
	Chuwi: chuwi
	Condor: condor
	Coolpad: coolpad*
	Crosscall: crosscall
	Cubot: cubot
	Dell: dell
	DEXP: dexp
	Digma: digma
	Docomo: docomo
	Doogee: doogee
	Elephone: elephone
	Energizer: energizer
	Ericsson: ericsson*
	Essential: essential ph-1
	eSTAR: estar
	Evercoss: evercoss
	Evolveo: evolveo
	Explay: explay
	Fairphone: fairphone fp#
	Fly: fly fly_iq*
	Fossibot: fossibot
	Fujitsu: fujitsu
	General Mobile: general_mobile gm
	Gigabyte: gsmart*
	Gigaset: gigaset
	Gionee: gionee
	Google: google
	Hafury: hafury
	Haier: haier
	Hammer: hammer
	Highscreen: highscreen
	Hisense: hisense
	Hitachi: hitachi
	HMD: hmd
	Homtom: homtom
	Honor: honor
	Hotwav: hotwav
	HP: hp
	HTC: htc*
	Huawei: huawei
	Hyundai: hyundai
	i.safe: i.safe
	iBall: iball
	IMO: imo
	Infinix: infinix
	INOI: inoi
	Intex: intex
	Irbis: irbis
	itel: itel
	Jiayu: jiayu
	Jio: jio
	Karbonn: karbonn*
	Konka: konka
	Krip: krip
	Kyocera: kyocera
	Land Rover: land_rover
	Lava: lava
	Leagoo: leagoo
	LeEco: leeco
	Lemon: lemon
	Lenovo: lenovo
	LG: lg lg#* lg-* lge* lgl* lgu*
	Logicom: logicom
	Maze: maze
	Medion: medion
	Meitu: meitu
	Meizu: meizu
	Micromax: micromax
	Microsoft: microsoft
	Mito: mito
	Mobicel: mobicel
	Mobiistar: mobiistar
	Motorola: mot-* moto motorola
	MTS: mts
	Multilaser: multilaser
	myPhone: myphone
	NEC: nec nec-*
	Neffos: neffos
	Nokia: nokia*
	Nothing: nothing
	Nubia: nubia
	NUU: nuu
	Oale: oale
	Odys: odys
	Onda: onda
	OnePlus: oneplus
	OPPO: oppo
	Orange: orange
	Oscal: oscal
	Oukitel: oukitel
	Palm: palm*
	Panasonic: panasonic
	Pantech: pantech*
	Philips: philips*
	POCO: poco pocophone*
	Polaroid: polaroid
	Polytron: polytron
	Positivo: positivo
	PPTV: pptv
	Prestigio: prestigio
	QMobile: qmobile
	Razer: razer
	Realme: realme
	Reeder: reeder
	Ruggear: rg###
	Sagem: sagem*
	Samsung: samsung* sec
	Sansui: sansui
	Sharp: sharp
	Siemens: sie-* siemens*
	Sky: sky
	Smartfren: smartfren
	Smartisan: smartisan
	Sonim: sonim
	Sony: sony sony*
	Sony Ericsson: sonyericsson*
	SPC: spc
	Spice: spice
	Sugar: sugar
	Swipe: swipe
	Symphony: symphony
	TCL: tcl
	Teclast: teclast
	Tecno: tecno
	Tele2: tele2
	Tesla: tesla
	ThL: thl
	Thomson: thomson
	Timmy: timmy
	Toshiba: toshiba
	TrekStor: trekstor
	Turbo: turbo
	Ulefone: ulefone
	Umidigi: umidigi
	Verizon: ellipsis
	Vernee: vernee
	Vertex: vertex
	Verykool: verykool
	Vestel: vestel
	Videocon: videocon
	Vivo: iqoo vivo
	Vodafone: vodafone
	Walton: walton
	Wiko: wiko
	Wileyfox: wileyfox
	Wynncom: wynncom
	X-Touch: x-touch xbot*
	Xgody: xgody
	Xiaomi: mi redmi xiaomi
	Xolo: xolo
	YU: yu
	Zen: zen
	Ziox: ziox*
	Zopo: zopo
	ZTE: zte
	ZUK: zuk`
