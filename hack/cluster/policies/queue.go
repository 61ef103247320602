package main

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

const tableName = "network-policies"

// queueNewConnections sends the first packets of each forwarded connection to the queue. While no program reads the
// queue, the packets are dropped: a policy that is not enforced must not look like one that allows.
//
// kube-network-policies installs rules of its own with nftables' queue expression. Kernels without it
// (CONFIG_NFT_QUEUE) reject those rules; this one uses the NFQUEUE target of xtables, which all kernels have that
// can queue packets at all.
func queueNewConnections(number uint16) error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: tableName, Family: nftables.TableFamilyIPv4}
	connection.AddTable(table)
	connection.DelTable(table)
	connection.AddTable(table)
	// After DNAT, so that the destination is the Pod; before SNAT, so that the source is the client.
	chain := connection.AddChain(&nftables.Chain{
		Name: "postrouting", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum:  nftables.ChainHookPostrouting,
		Priority: nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource - 5),
	})
	rules := [][]expr.Any{fromTheNodeItself(), ofKnownConnections(), {nfqueue(number)}}
	for _, expressions := range rules {
		connection.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: expressions})
	}
	if err := connection.Flush(); err != nil {
		return fmt.Errorf("install the rules of table %s: %w", tableName, err)
	}
	return nil
}

// fromTheNodeItself accepts what root's programs on the node send: the kubelet's probes must always reach Pods.
func fromTheNodeItself() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeySKUID, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(0)},
		&expr.Verdict{Kind: expr.VerdictAccept},
	}
}

func ofKnownConnections() []expr.Any {
	known := binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED)
	none := binaryutil.NativeEndian.PutUint32(0)
	return []expr.Any{
		&expr.Ct{Register: 1, Key: expr.CtKeySTATE},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: known, Xor: none},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: none},
		&expr.Verdict{Kind: expr.VerdictAccept},
	}
}

// nfqueue is revision 1 of the target (struct xt_NFQ_info_v1): the first queue and how many there are.
func nfqueue(number uint16) expr.Any {
	info := binary.NativeEndian.AppendUint16(nil, number)
	info = binary.NativeEndian.AppendUint16(info, 1)
	unknown := xt.Unknown(info)
	return &expr.Target{Name: "NFQUEUE", Rev: 1, Info: &unknown}
}
