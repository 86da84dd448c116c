-- Posts 1 KiB in two chunks. wrk itself can only send a length.
local whole

function init()
  local lines = { "POST " .. wrk.path .. " HTTP/1.1", "Host: " .. wrk.host .. ":" .. wrk.port, "Transfer-Encoding: chunked" }
  for name, value in pairs(wrk.headers) do
    if name:lower() ~= "host" then lines[#lines + 1] = name .. ": " .. value end
  end
  local chunk = "200\r\n" .. string.rep("x", 512) .. "\r\n"
  whole = table.concat(lines, "\r\n") .. "\r\n\r\n" .. chunk .. chunk .. "0\r\n\r\n"
end

function request()
  return whole
end
