-- Each request has the Cookie line of the next session.
local all, i = {}, 0
function init() -- what is made before has no Host
	for line in io.lines(os.getenv("COOKIES")) do
		all[#all + 1] = wrk.format("GET", "/", { ["Cookie"] = line, ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36" })
	end
end
function request()
	i = i % #all + 1
	return all[i]
end
