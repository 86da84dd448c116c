-- A token check as it is written for nginx and OpenResty: bearer token, SHA-256, worker cache, Redis, identity headers.
local ffi = require("ffi")
local lrucache = require("resty.lrucache")
local redis = require("redis_get")

ffi.cdef([[unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);]])
local digest = ffi.new("unsigned char[32]")

local gate = {}
local cache = assert(lrucache.new(100000))

local function refuse(status)
  ngx.header["WWW-Authenticate"] = 'Bearer realm="bench"'
  return ngx.exit(status)
end

local function key_of_caller()
  local header = ngx.var.http_authorization
  if not header then return nil end
  local found = ngx.re.match(header, "^Bearer ([A-Za-z0-9._~+/=-]+)$", "joi")
  if not found then return nil end
  ffi.C.SHA256(found[1], #found[1], digest)
  return ffi.string(digest, 32)
end

local function ask_redis(host, port, key)
  local hex = key:gsub(".", function(byte) return string.format("%02x", byte:byte()) end)
  local value, trouble = redis.get(host, port, "lua:" .. hex)
  if trouble then return nil, trouble end
  if not value then return nil end
  local client, user, scopes = value:match("^([^\n]*)\n([^\n]*)\n([^\n]*)$")
  return { client = client, user = user, scopes = scopes }
end

local function admit(token, scope)
  if not token then return refuse(401) end
  if not (" " .. token.scopes .. " "):find(" " .. scope .. " ", 1, true) then return refuse(403) end
  ngx.req.set_header("X-User-Id", token.user)
  ngx.req.set_header("X-Client-Id", token.client)
  ngx.req.set_header("X-Token-Scopes", token.scopes)
  ngx.req.clear_header("Authorization")
end

function gate.cached(host, port, scope)
  local key = key_of_caller()
  if not key then return refuse(401) end
  local token = cache:get(key)
  if not token then
    local trouble
    token, trouble = ask_redis(host, port, key)
    if trouble then return refuse(503) end
    if token then cache:set(key, token, 60) end
  end
  return admit(token, scope)
end

function gate.every_call(host, port, scope)
  local key = key_of_caller()
  if not key then return refuse(401) end
  local token, trouble = ask_redis(host, port, key)
  if trouble then return refuse(503) end
  return admit(token, scope)
end

return gate
