package main

const intro = `# The zoo: how often the verdict on growth is wrong

Written by ` + "`make zoo`" + `, seed %d: %d runs of each healthy shape at each number of batches, %d of each leak,
%d of each leak with a bar of its own. Every run goes through the whole decision of the real loop: the layout that it draws (cells of one load
wave and two idle slots, doses, endpoints), slots whose length drifts, up to a tenth of cells that overrun, readings of which one in a hundred shows
a socket that closes late, the drain, three families of gauges with the level of %g shared out among them and over %d looks, extension to two and four times the plan, the
idle stretch, and the plain rule. Left out are errors, restarts, drains that wait for sockets, and every other check: a leak under a sawtooth is
caught first by *released* and *pool bound*. n is the number of batches of 40 requests. The other rules judge the same runs by the level after each batch, at
their users' level of 5 %% two-sided.
`

const outro = `
## What was tried for the leak under a sawtooth

A collector that runs on requests hides a leak: the never-released level rises just after a collection, in whatever slot comes next, so that
the drawn order says nothing, and the block levels swing with the teeth, so that the doses say nothing either.

- *The level at the bottoms* (the floor of 8 or 12 blocks) sees that the level rises: it did so before, and ended as *unknown*, for what drives it was not known.
- *The idle stretch as a witness for the load*: the stretch that confirms a leak on time also convicts one on requests. It is as long as the load, and a
  leak that ran on time would have risen as often in it: P(Poisson(rises under load) <= rises at rest) < 0.001. This took the leak of 1/10 from under 20 % to 90 %.
- *Persistence by time or by requests*, where only the floor speaks: a few large rises, uneven in requests, are even in time. 95 %.
- *Evenness alone* (the Laplace test) in place of where the last rises lie: behind a guard of a fifth they cannot lie late. With it the floor rule is
  also what asks for an extension: all are found in the end, 94 % at the first look, and of teeth of 50 to 100 requests nearly all.
- *A longer guard* (half of the waves instead of a fifth) was to make the last tooth harmless. It lost a third of the leaks and saved few healthy runs. Left out.
- *More must be gained than was ever given back*, for the same end: the healthy runs that still fail have no collection at all in four fifths of the run, so there is
  nothing to compare with. Left out.
`
