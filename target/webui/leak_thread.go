package webui

import (
	"context"
	"io"
	"runtime"
	"sync"
)

// startThread starts the leak of a worker thread that nobody ends.
func startThread(_ context.Context, set settings, _ store) (holding, error) {
	return &opening{
		trigger: trigger{settings: set},
		open:    func() (io.Closer, error) { return startWorker(), nil },
	}, nil
}

// worker is a goroutine with a thread of its own.
type worker struct{ end, ended chan struct{} }

// startWorker returns when the goroutine has its thread, and the runtime another one in its place.
func startWorker() worker {
	w := worker{make(chan struct{}), make(chan struct{})}
	locked := make(chan struct{})
	go func() {
		defer close(w.ended)
		// It is not unlocked: so the thread ends with the goroutine.
		runtime.LockOSThread()
		close(locked)
		<-w.end
	}()
	<-locked
	stockThreads(runtime.GOMAXPROCS(0) + 4)
	return w
}

// Close ends the thread.
func (w worker) Close() error {
	close(w.end)
	<-w.ended
	return nil
}

// stockThreads makes the runtime have n threads that are free. It makes a thread only when it needs one: without this,
// a later request, to another path, would seem to have left it.
func stockThreads(n int) {
	var all sync.WaitGroup
	ready, end := make(chan struct{}), make(chan struct{})
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready <- struct{}{}
			<-end
		})
	}
	for range n {
		<-ready
	}
	close(end)
	all.Wait()
}
