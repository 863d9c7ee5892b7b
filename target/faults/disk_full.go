package faults

import (
	"context"
	"errors"
	"path/filepath"
	"time"
)

// diskFull leaves no room on the small disk that the bundled WebUI has its home on.
var diskFull = kind{
	name: "disk-full", home: true, linux: true, keys: []key{span(keyFor, 500*time.Millisecond, 50*time.Millisecond, 5*time.Minute).drawnSpan(100*time.Millisecond, 250*time.Millisecond)},
	process: func(s Spec, p Processes) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			if !p.SmallDisk {
				return nil, errors.New("its home is not on a small disk of its own")
			}
			steps := []step{{Fill: filepath.Join(filepath.Dir(p.Database), "filler")}}
			if err := p.Healer.disturb(healerOrder{Do: steps, Within: s.Lasts() + overtime}); err != nil {
				return nil, errors.Join(err, p.healing(steps)(ctx))
			}
			return p.healing(steps), nil
		}
	},
}
