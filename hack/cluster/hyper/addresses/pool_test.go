package addresses

import (
	"net/netip"
	"testing"
)

// A prefix with two addresses to give: .1 and .2.
func smallPool() *Pool {
	return NewPool(netip.MustParsePrefix("10.77.1.0/30"), map[netip.Addr]string{})
}

func expect(t *testing.T, p *Pool, owner, wanted, address string) {
	t.Helper()
	got, err := p.Take(owner, wanted)
	switch {
	case address == "" && err == nil:
		t.Errorf("%s asking for %q: got %s, expected a refusal", owner, wanted, got)
	case address != "" && (err != nil || got.String() != address):
		t.Errorf("%s asking for %q: got %s, %v, expected %s", owner, wanted, got, err, address)
	}
}

func TestOwnersKeepTheirAddressesAndTheLowestFreeOneIsNext(t *testing.T) {
	p := smallPool()
	expect(t, p, "a", "", "10.77.1.1")
	expect(t, p, "b", "", "10.77.1.2")
	expect(t, p, "a", "", "10.77.1.1")
	expect(t, p, "c", "", "") // .3 is the broadcast address
	p.Release("a")
	expect(t, p, "c", "", "10.77.1.1")
}

func TestAnAddressThatIsAskedForIsGivenWhenItIsFree(t *testing.T) {
	p := smallPool()
	expect(t, p, "a", "10.77.1.2", "10.77.1.2")
	expect(t, p, "b", "10.77.1.2", "")
	expect(t, p, "b", "192.0.2.1", "")
	expect(t, p, "b", "not an address", "")
	// Whoever moves leaves the old address to others.
	expect(t, p, "a", "10.77.1.1", "10.77.1.1")
	expect(t, p, "b", "", "10.77.1.2")
	// Whoever asks for what it cannot have has nothing.
	expect(t, p, "a", "192.0.2.1", "")
	expect(t, p, "b", "10.77.1.1", "10.77.1.1")
}

func TestAddressesOfAnEarlierRunAreKnown(t *testing.T) {
	p := NewPool(netip.MustParsePrefix("10.77.1.0/30"), map[netip.Addr]string{netip.MustParseAddr("10.77.1.1"): "a"})
	expect(t, p, "b", "", "10.77.1.2")
	expect(t, p, "a", "", "10.77.1.1")
}
