package main

import (
	"slices"
	"time"
)

// latencies of a run, in microseconds.
type latencies struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func summarise(samples []time.Duration) latencies {
	if len(samples) == 0 {
		return latencies{}
	}
	slices.Sort(samples)
	at := func(share float64) float64 {
		index := min(int(share*float64(len(samples))), len(samples)-1)
		return float64(samples[index].Nanoseconds()) / 1000
	}
	return latencies{P50: at(0.5), P99: at(0.99), P999: at(0.999), Max: at(1)}
}
