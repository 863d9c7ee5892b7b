// Package ratchet judges whether an integer gauge of a server grows the longer the server is used.
//
// The idea is a ratchet: the never-released level of a gauge is the lowest value it will still reach, f_j = min of x_i over i >= j.
// It can only rise, and what it gained was never given back; sawteeth, jitter and spikes leave it alone. A leak makes it rise
// in the slots that carry load and in no others, and keeps it rising to the end. The rest of the package asks exactly that:
//
//   - causality: do the rises fall into the load slot of their cell more often than the drawn order explains?
//   - persistence: do they go on to the end, or did a cache or a pool fill and stop?
//   - sign flips and floor drift: is it a trend, or the wandering of a noisy gauge?
//   - dose: does the growth follow the requests (a leak per request) or only the clock (a leak per time)?
//   - rest: where neither order nor dose can tell, does an idle stretch as long as the load go on growing, or does it stand still?
//
// Judge looks at all gauges of a run, Next says whether the run then needs more requests or an idle stretch, and Confirm hears that
// stretch. Growth that becomes ever more seldom, and growth too small to be told from chance, are Unknown: a longer run decides. How often
// all this is wrong is measured by soak/zoo.
//
// Units: gauges, levels and rises are in units of the gauge (handles, threads), doses in requests, times in seconds unless
// the name says otherwise. A p-value is one-sided and 1 where the test had nothing to look at. No figure is ever NaN or infinite.
//
// Keep and Differ compare what two runs kept: the conditional test of two rates, with the interval of their difference.
//
// Everything is a pure function of its arguments; the only randomness is the generator that is passed in.
//
// Sources: MIL-HDBK-189C (Laplace trend test); F. Garwood, Biometrika 28 (1936) 437 (limits of a Poisson mean);
// R. A. Fisher, The Design of Experiments (1935) section 21 (sign flips and the permutation of a drawn order);
// J. Besag and P. Clifford, Biometrika 78 (1991) 301 (permutations with early stop); H. Chernoff, Ann. Math. Stat. 23 (1952) 493
// (tail bound); W. Hoeffding, Ann. Math. Stat. 27 (1956) 713 (unequal chances); S. Holm, Scand. J. Stat. 6 (1979) 65
// (several families of gauges); J. Przyborowski and H. Wilenski, Biometrika 31 (1940) 313 (two Poisson rates); G. Y. Zou and A. Donner,
// Stat. Med. 27 (2008) 1693 (interval of a difference).
package ratchet
