package webui

import (
	"embed"
	"net/http"
	"path"
)

// pageFiles is the whole page. The file page/app.js is served as /page/app.js, and page/index.html as / alone.
//
//go:embed page
var pageFiles embed.FS

// pageTypes are the kinds of file a page is made of. They are told here because the tables of the operating system
// know .js by other names, and a browser told not to sniff would not run it.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// pagePolicy lets the page load its own files, talk to its own server and show an icon from a data: URL; nothing else,
// and nothing inline.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// pageFile gives the file behind a path of the URL, and its type.
func pageFile(urlPath string) (body []byte, contentType string, ok bool) {
	switch urlPath {
	case "/":
		urlPath = "/page/index.html"
	case "/page/index.html":
		return nil, "", false // one address for one document
	}
	contentType, ok = pageTypes[path.Ext(urlPath)]
	if !ok {
		return nil, "", false
	}
	body, err := pageFiles.ReadFile(urlPath[1:])
	return body, contentType, err == nil
}

// isPage tells whether a path is part of the page: its shell, or a file that the shell loads. Pages need no password.
func isPage(urlPath string) bool {
	_, _, ok := pageFile(urlPath)
	return ok
}

// servePage answers every path that isPage knows, to GET and HEAD.
func servePage(w http.ResponseWriter, r *http.Request) {
	body, contentType, ok := pageFile(r.URL.Path)
	if !ok {
		answerError(w, http.StatusNotFound, "not found")
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Security-Policy", pagePolicy)
	// A failed write means that the client has gone, and there is nobody left to tell.
	_, _ = w.Write(body)
}
