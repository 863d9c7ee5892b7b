// Package browser has no code of its own: its tests look at the html report in Chromium.
// They live apart because they need a browser and a driver for it.
package browser
