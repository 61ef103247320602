// Package addresses decides which LoadBalancer Service has which address.
package addresses

import (
	"fmt"
	"net/netip"
)

// Pool gives the addresses of one prefix to owners, lowest first, one address to one owner.
// The prefix's own address is never given unasked, nor its last, which would be the broadcast address.
type Pool struct {
	prefix netip.Prefix
	owners map[netip.Addr]string
}

// NewPool starts with the addresses that owners have already; the pool keeps the map.
func NewPool(prefix netip.Prefix, owners map[netip.Addr]string) *Pool {
	return &Pool{prefix, owners}
}

// Take gives the owner the address it asks for, or the one it has, or the next free one when wanted is empty.
// An owner that asks for an address it cannot have is left with none: another one would be the wrong one.
func (p *Pool) Take(owner, wanted string) (netip.Addr, error) {
	if wanted != "" {
		return p.takeExactly(owner, wanted)
	}
	for address, holder := range p.owners {
		if holder == owner {
			return address, nil
		}
	}
	for a := p.prefix.Masked().Addr().Next(); p.prefix.Contains(a.Next()); a = a.Next() {
		if _, taken := p.owners[a]; !taken {
			p.owners[a] = owner
			return a, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no free address in %s", p.prefix)
}

func (p *Pool) takeExactly(owner, wanted string) (netip.Addr, error) {
	p.Release(owner)
	address, err := netip.ParseAddr(wanted)
	if err != nil || !p.prefix.Contains(address) {
		return netip.Addr{}, fmt.Errorf("loadBalancerIP %s: not an address of %s", wanted, p.prefix)
	}
	if holder, taken := p.owners[address]; taken {
		return netip.Addr{}, fmt.Errorf("loadBalancerIP %s: %s has it", wanted, holder)
	}
	p.owners[address] = owner
	return address, nil
}

// Release takes back what the owner has, if anything.
func (p *Pool) Release(owner string) {
	for address, holder := range p.owners {
		if holder == owner {
			delete(p.owners, address)
		}
	}
}
