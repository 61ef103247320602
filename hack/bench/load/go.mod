module fsm-gateway.test/hack/bench/load

go 1.26
