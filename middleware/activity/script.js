// Keeps the list up to date while it is open. The page is whole without it.
(() => {
const main = () => document.querySelector("[data-now]"), lang = main().lang || document.documentElement.lang
const base = main().dataset.base
let skew = Date.now() - new Date(main().dataset.now), source, first = true
const ago = new Intl.RelativeTimeFormat(lang)
const exact = new Intl.DateTimeFormat(lang, {dateStyle: "medium", timeStyle: "short"})
const age = () => {
for (const t of document.querySelectorAll("time:not([data-x])")) {
const m = Math.floor((Date.now() - skew - new Date(t.dateTime)) / 60000)
if (m < 1) continue
t.textContent = m < 60 ? ago.format(-m, "minute") : m < 1440 ? ago.format(-Math.floor(m / 60), "hour") :
m < 86400 ? ago.format(-Math.floor(m / 1440), "day") : ago.format(-Math.floor(m / 43200), "month")
}
}
const times = () => {
for (const t of document.querySelectorAll("time[data-x]")) t.textContent = exact.format(new Date(t.dateTime))
age()
}
const busy = () => document.hidden || document.activeElement?.matches("input:not([type=checkbox])")
let due = false
const refresh = async () => {
if (busy()) return void (due = true)
due = false
const r = await fetch(location.href, {headers: {Accept: "text/html", "Signedin-Background": "1"}}).catch(() => null)
if (!r || r.status == 503) return
if (!r.ok || r.redirected) return location.reload()
const fresh = new DOMParser().parseFromString((await r.text()).replace(/<(style|script)[^]*?<\/\1>/g, ""), "text/html").querySelector("[data-now]")
if (!fresh) return location.reload()
const said = main().querySelector("#done"), focus = document.activeElement
const label = e => e.closest("li.device")?.querySelector("h3").textContent
const checked = [...main().querySelectorAll("[name=id]:checked")].map(e => e.value)
const open = [...main().querySelectorAll("details[open]")].map(e => label(e) ?? e.firstChild.textContent)
const at = [label(focus), focus.name || focus.localName, focus.value]
skew = Date.now() - new Date(fresh.dataset.now)
main().replaceWith(fresh)
if (said) fresh.querySelector("h1").after(said)
if (focus == said) said?.focus({preventScroll: true})
for (const e of fresh.querySelectorAll("[name=id]")) e.checked = checked.includes(e.value)
for (const e of fresh.querySelectorAll("details")) e.open = open.includes(label(e) ?? e.firstChild.textContent)
if (at[0]) [...fresh.querySelectorAll("a, button, input, summary")].find(e => label(e) == at[0] && (e.name || e.localName) == at[1] && e.value == at[2])?.focus({preventScroll: true})
times()
}
const listen = () => {
source = new EventSource(base + "/events")
source.onopen = () => { first || refresh(); first = false }
source.onmessage = refresh
source.addEventListener("full", () => source.close())
source.addEventListener("over", () => { source.close(); location.reload() })
source.onerror = () => { if (source.readyState == 2) setTimeout(refresh, 1000) }
}
times()
setInterval(age, 20000)
listen()
addEventListener("visibilitychange", () => {
if (document.hidden) source.close()
else if (source.readyState == 2) listen()
if (due) refresh()
})
addEventListener("focusout", () => setTimeout(() => due && refresh()))
addEventListener("keypress", e => { if (e.key == "Enter" && e.target.matches("[type=checkbox]")) e.preventDefault() })
addEventListener("pagehide", () => source.close())
})()
