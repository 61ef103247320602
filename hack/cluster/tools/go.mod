module fsm-gateway.test/hack/cluster/tools

go 1.26
