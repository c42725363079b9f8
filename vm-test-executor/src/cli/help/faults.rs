//! The long texts of `--help` about proxies with faults. Words only.

pub(in super::super) const PROXY: &str = "\
Runs a proxy before a server that delays, closes or never answers, or answers with errors of the server's own protocol: for \
each exchange by chance, or for all of them, as the HTTP API says. The options, the file and the API are those of Vaurien 1.9.

It listens on the loopback address unless --proxy names another one. SIGINT and SIGTERM end it and all connections.";

pub(in super::super) const PROXY_AFTER: &str = "\
BEHAVIORS
  dummy      passes on
  delay      waits before the request is passed on, or before the reply is
  error      answers with an error of the protocol; the server does not get the request
  hang       never answers
  blackout   closes before the server gets the request
  abort      closes when the server has the request and the client not the reply
  transient  is `error` for the first exchanges only

EXAMPLES
  vm-test proxy --protocol http --proxy localhost:8000 --backend localhost:80 --behavior 5:hang,10:delay
  vm-test proxy --protocol http --behavior 20:error --behavior-error-code 503 --seed 7
  vm-test proxy --config vaurien.ini
  vm-test proxy --http &
  curl -X PUT -d '{\"name\": \"delay\", \"sleep\": 2}' http://localhost:8080/behavior

FILE
  [vaurien]
  backend = localhost:80
  proxy = localhost:8000
  protocol = http
  behavior = 20:delay
  [behavior:delay]
  sleep = 2

API
  GET /behavior, GET /behaviors, GET /backend; PUT /behavior {\"name\": …, OPTION: …};
  PUT /backend {\"backend\": \"HOST:PORT\"}, which ends open connections

EXIT CODES
  0 ended by a signal; 1 it cannot run; 2 the command line is wrong";
