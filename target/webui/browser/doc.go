// Package browser has no code of its own: its tests drive the page of the bundled WebUI in Chromium. They live apart
// because they need a browser and a driver for it, and the server needs neither.
package browser
