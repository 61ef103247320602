package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// pattern is what a source of a soak sends: bytes that tell their own place, so that a client sees what is missing, doubled or
// another connection's. The period is a prime, so that no buffer's size divides it.
const patternPeriod = 65_521

var pattern = func() []byte {
	source := rand.NewChaCha8([32]byte{})
	period := make([]byte, patternPeriod)
	source.Read(period)
	// Twice, so that any stretch of one period lies in one piece.
	return append(period, period...)
}()

func patternFrom(offset int64, most int) []byte {
	start := int(offset % patternPeriod)
	return pattern[start : start+min(most, patternPeriod)]
}

// checkPattern compares what has come at an offset.
func checkPattern(offset int64, got []byte) error {
	for len(got) > 0 {
		want := patternFrom(offset, len(got))
		if !bytes.Equal(got[:len(want)], want) {
			return fmt.Errorf("other bytes than were sent, within %d from %d", len(want), offset)
		}
		got = got[len(want):]
		offset += int64(len(want))
	}
	return nil
}

// patternReader is the pattern without end.
type patternReader struct{ offset int64 }

func (r *patternReader) Read(into []byte) (int, error) {
	count := copy(into, patternFrom(r.offset, len(into)))
	r.offset += int64(count)
	return count, nil
}

// readPattern reads at most so many bytes, with a pause after each read, and compares them. The error is nil when all have come.
func readPattern(from io.Reader, most int64, pause time.Duration) (received int64, err error) {
	buffer := make([]byte, 32<<10)
	for received < most {
		count, err := from.Read(buffer[:min(int64(len(buffer)), most-received)])
		if wrong := checkPattern(received, buffer[:count]); wrong != nil {
			return received, wrong
		}
		received += int64(count)
		if err != nil {
			return received, err
		}
		time.Sleep(pause)
	}
	return received, nil
}
