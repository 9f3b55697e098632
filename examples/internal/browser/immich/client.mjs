// A browser without a screen, made of Immich's own SDK and socket.io's client.
// It does what its standard input says, a word a line, and tells as JSON what
// came of it.
import * as immich from "@immich/sdk"
import { createInterface } from "node:readline"
import { io } from "socket.io-client"

const [site, email, password, agent] = process.argv.slice(2)
const tell = (event, more = {}) => console.log(JSON.stringify({ event, at: Date.now(), ...more }))

// A jar that keeps cookies as a browser does, the dead ones too.
const jar = new Map()
const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ")

immich.setBaseUrl(`${site}/api`)
immich.defaults.fetch = async (url, options = {}) => {
	const headers = new Headers(options.headers)
	headers.set("User-Agent", agent)
	if (jar.size) headers.set("Cookie", cookies())
	const answer = await fetch(url, { ...options, headers })
	for (const line of answer.headers.getSetCookie()) {
		const [name, value] = line.split(";")[0].split("=")
		if (value) jar.set(name, value)
		else jar.delete(name)
	}
	return answer
}

// What the SDK throws has the status and the body of the answer.
const ask = async (event, question) => {
	try {
		tell(event, { status: 200, ...(await question()) })
	} catch (error) {
		tell(event, { status: error.status ?? 0, body: error.data ?? String(error) })
	}
}

const commands = {
	login: () => ask("login", async () => {
		const { userEmail } = await immich.login({ loginCredentialDto: { email, password } })
		return { text: userEmail }
	}),
	list: () => ask("list", async () => ({
		sessions: (await immich.getSessions()).map(s => `${s.deviceType} ${s.deviceOS}${s.current ? ", this one" : ""}`),
	})),
	me: () => ask("me", async () => ({ text: (await immich.getMyUser()).email })),
	upload: () => ask("upload", async () => {
		const { status } = await immich.uploadAsset({ assetMediaCreateDto: {
			assetData: new File(["a picture"], "picture.jpg"), fileCreatedAt: "2026-01-01T00:00:00Z", fileModifiedAt: "2026-01-01T00:00:00Z",
		} })
		return { text: status }
	}),
	socket: () => {
		const socket = io(site, {
			path: "/api/socket.io", transports: ["websocket"], forceNew: true,
			extraHeaders: { Cookie: cookies(), "User-Agent": agent },
		})
		socket.on("connect", () => tell("connect"))
		socket.on("on_session_delete", () => tell("on_session_delete"))
		socket.on("disconnect", reason => tell("disconnect", { text: reason }))
		socket.on("error", text => tell("error", { text }))
		socket.io.on("reconnect_attempt", () => tell("reconnect_attempt"))
	},
	quit: () => process.exit(),
}

tell("ready", { text: process.version })
for await (const line of createInterface({ input: process.stdin })) await commands[line]()
