package state

import (
	"path/filepath"
	"strings"
	"testing"
)

func benchmarkPut(b *testing.B, parallel int) {
	bucket := openTest(b, filepath.Join(b.TempDir(), "state.db")).Bucket("containers")
	r := record{strings.Repeat("x", 4000), 1}
	b.SetParallelism(parallel)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := bucket.Put(strings.Repeat("k", 1+i%50), r); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkPutByOneOrTwo(b *testing.B) { benchmarkPut(b, 1) }
func BenchmarkPutByMany(b *testing.B)     { benchmarkPut(b, 32) }
