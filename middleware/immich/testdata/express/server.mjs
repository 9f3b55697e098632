// Finds the token of a request as Immich does, with what Immich is made of. One
// token is good.
import { parse } from "cookie"
import express from "express"

const app = express()
app.set("query parser", process.argv[2])

const tokenOf = ({ headers, query }) => {
	const [scheme, bearer] = (headers.authorization ?? "").split(" ")
	return headers["x-immich-user-token"] || headers["x-immich-session-token"] || query.sessionKey ||
		(scheme.toLowerCase() === "bearer" && bearer) || parse(headers.cookie ?? "").immich_access_token
}

app.use((request, answer) => {
	// An array of one is the token itself where it becomes text.
	const known = String(tokenOf(request)) === "DEAD"
	if (!known) answer.status(401).json({ message: "Invalid user token" })
	else if (request.path === "/api/sessions") answer.json([])
	else answer.json({ id: "ada", email: "ada@example.com", oauthId: "" })
})

const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port))
