-- wrk … -- BODY: posts the same form each time.
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  wrk.body = args[1]
end
