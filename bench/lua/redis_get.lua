-- GET of the Redis protocol over nginx's own sockets, kept alive in the worker: Debian 12 has no lua-resty-redis.
local redis = {}

function redis.get(host, port, key)
  local socket = ngx.socket.tcp()
  socket:settimeouts(250, 250, 250)
  local ok, trouble = socket:connect(host, port, { pool_size = 256 })
  if not ok then return nil, trouble end

  ok, trouble = socket:send("*2\r\n$3\r\nGET\r\n$" .. #key .. "\r\n" .. key .. "\r\n")
  if not ok then return nil, trouble end
  local line
  line, trouble = socket:receive("*l")
  if not line then return nil, trouble end

  local length = tonumber(line:match("^%$(-?%d+)$"))
  if not length then
    socket:close()
    return nil, "not a string"
  end
  local value
  if length >= 0 then
    value, trouble = socket:receive(length + 2)
    if not value then return nil, trouble end
    value = value:sub(1, length)
  end
  socket:setkeepalive(60000, 256)
  return value
end

return redis
