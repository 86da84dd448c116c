-- Asks Gatehouse for a verdict on the call at hand (HAProxy 2.6 or newer; nothing to install). Used by haproxy.cfg.

local AUTH = 'http://127.0.0.1:8080/auth'
local TIMEOUT = 5000 -- milliseconds

-- What the app learns of the caller: set from a good verdict, or removed.
local IDENTITY = { 'x-user-id', 'x-user-name', 'x-user-email', 'x-client-id', 'x-token-scopes', 'x-auth-connection', 'x-request-id' }

-- They belong to the caller's connection and body, or are said anew below.
local NOT_ASKED = { ['host'] = true, ['connection'] = true, ['content-length'] = true, ['transfer-encoding'] = true, ['expect'] = true }

-- What of a refusal concerns HAProxy's connection to Gatehouse only.
local NOT_TOLD = { ['connection'] = true, ['keep-alive'] = true, ['content-length'] = true, ['transfer-encoding'] = true, ['date'] = true }

local function first(values)
  return values and (values[0] or values[1]) or nil
end

core.register_action('gatehouse', { 'http-req' }, function(txn)
  local sent = txn.http:req_get_headers()
  local headers = {}
  for name, values in pairs(sent) do
    if not NOT_ASKED[name] then
      local list = {}
      for _, value in pairs(values) do list[#list + 1] = value end
      headers[name] = list
    end
  end
  headers['x-forwarded-method'] = { txn.sf:method() }
  headers['x-forwarded-uri'] = { txn.sf:pathq() }
  headers['x-forwarded-host'] = { first(sent['host']) or '' }

  local answer = core.httpclient():get({ url = AUTH, headers = headers, timeout = TIMEOUT })
  if answer and answer.status == 200 then
    for _, name in ipairs(IDENTITY) do
      local value = first(answer.headers[name])
      if value and value ~= '' then txn.http:req_set_header(name, value) else txn.http:req_del_header(name) end
    end
    txn.http:req_del_header('authorization')
    txn:set_var('txn.gatehouse', 'passed')
    return
  end

  local reply = txn:reply()
  if answer and answer.status >= 400 and answer.status < 600 then
    reply:set_status(answer.status)
    for name, values in pairs(answer.headers) do
      if not NOT_TOLD[name] then
        for _, value in pairs(values) do reply:add_header(name, value) end
      end
    end
    reply:set_body(answer.body or '')
  else
    reply:set_status(503)
    reply:add_header('retry-after', '1')
  end
  txn:done(reply)
end)
