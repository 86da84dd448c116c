-- wrk … -- FILE LENGTH COUNT: brings one token of the file with each call, the first ones most often. By Zipf's law with the
-- exponent 1, rank k comes with a probability of ln((k + 1) / k) / ln(COUNT + 1), which is about 1 / k.
local tokens, length, scale, head, tail

function init(args)
  local file = assert(io.open(args[1], "rb"))
  tokens = file:read("*a")
  file:close()
  length = tonumber(args[2])
  scale = math.log(tonumber(args[3]) + 1)
  math.randomseed(os.time() + os.clock() * 1000)

  wrk.headers["Authorization"] = "Bearer @"
  local whole = wrk.format("GET")
  local at = whole:find("@", 1, true)
  head, tail = whole:sub(1, at - 1), whole:sub(at + 1)
end

function request()
  local place = (math.floor(math.exp(math.random() * scale)) - 1) * length
  return head .. tokens:sub(place + 1, place + length) .. tail
end
