package main

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

func requestFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "header", Category: flagsRequest, Usage: "`NAME: VALUE` of a header (also Cookie) of every request; repeatable; its last word may be env:NAME or file:PATH, a secret that is read from there and must not be empty, as in 'Authorization: Bearer env:API_TOKEN'; values are never recorded"},
		&cli.StringFlag{Name: "basic", Category: flagsRequest, Usage: "`USER:SECRET` of basic authentication, where the password is read from env:NAME or file:PATH, as in admin:env:ADMIN_PASSWORD"},
		&cli.StringFlag{Name: "login", Category: flagsRequest, Usage: "`METHOD PATH` of a request that is sent once before the load, as in 'POST /api/login'; its cookies go with every request after it"},
		&cli.StringFlag{Name: "login-body", Category: flagsRequest, Usage: "body of the login, read from `SECRET`: env:NAME or file:PATH"},
		&cli.StringFlag{Name: "login-type", Category: flagsRequest, Value: "application/json", Usage: "content `TYPE` of the login's body"},
		&cli.StringFlag{Name: "login-token", Category: flagsRequest, Usage: "`PATH` of a text in the login's JSON answer, such as token or data.access_token, that goes with every request after it as 'Authorization: Bearer'; it is never recorded"},
		&cli.StringFlag{Name: "ca", Category: flagsRequest, Usage: "trust the authorities in `FILE` (PEM) too, for https"},
		&cli.BoolFlag{Name: "insecure", Category: flagsRequest, Usage: "take every certificate, for https"},
	}
}

// requestsFrom reads what every request carries. Its errors show no secret.
func requestsFrom(c *cli.Context, s *soak.Scenario) error {
	s.Insecure = c.Bool("insecure")
	for _, h := range c.StringSlice("header") {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return errors.New("header: want 'NAME: VALUE', such as 'X-Api-Key: env:API_KEY'")
		}
		secret, err := lastWord(strings.TrimSpace(value))
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		s.Headers = append(s.Headers, soak.Header{Name: name, Value: soak.NewSecret(secret)})
	}
	if basic := c.String("basic"); basic != "" {
		user, from, _ := strings.Cut(basic, ":")
		password, named, err := reference(from)
		switch {
		case err != nil:
			return fmt.Errorf("basic: %w", err)
		case !named || user == "":
			return errors.New("basic: want USER:env:NAME or USER:file:PATH, since others can see a password in a command line")
		case slices.ContainsFunc(s.Headers, func(h soak.Header) bool { return strings.EqualFold(h.Name, "Authorization") }):
			return errors.New("--basic and --header Authorization are two ways to say who asks; give one")
		}
		value := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
		s.Headers = append(s.Headers, soak.Header{Name: "Authorization", Value: soak.NewSecret(value)})
	}
	return loginFrom(c, s)
}

// loginFrom reads the login.
func loginFrom(c *cli.Context, s *soak.Scenario) error {
	login, body := c.String("login"), c.String("login-body")
	if login == "" {
		switch {
		case body != "":
			return errors.New("login-body: there is no --login")
		case c.String("login-token") != "":
			return errors.New("login-token: there is no --login")
		}
		return nil
	}
	if c.String("login-token") != "" && slices.ContainsFunc(s.Headers, func(h soak.Header) bool { return strings.EqualFold(h.Name, "Authorization") }) {
		return errors.New("login-token: --basic and --header Authorization are other ways to say who asks; give one")
	}
	method, path, ok := strings.Cut(login, " ")
	if !ok {
		return errors.New("login: want METHOD PATH, such as 'POST /api/login'")
	}
	r, err := soak.NewRequest(method, path)
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	if body != "" {
		secret, named, err := reference(body)
		switch {
		case err != nil:
			return fmt.Errorf("login-body: %w", err)
		case !named:
			return errors.New("login-body: want env:NAME or file:PATH, since others can see a password in a command line")
		}
		r.Body, r.ContentType = soak.NewSecret(secret), c.String("login-type")
	}
	s.Login = &r
	return nil
}

// lastWord puts in the place of the value's last word what it refers to.
func lastWord(value string) (string, error) {
	i := strings.LastIndexByte(value, ' ') + 1
	word, err := revealed(value[i:])
	return value[:i] + word, err
}

// reference reads the secret that env:NAME or file:PATH names, without the line
// break at its end. named is false for any other text. An empty one is an error: the
// server would be soaked without its login.
func reference(text string) (secret string, named bool, err error) {
	name, variable := strings.CutPrefix(text, "env:")
	path, file := strings.CutPrefix(text, "file:")
	var empty noSecret
	switch {
	case variable:
		secret = os.Getenv(name)
		empty = noSecret{fmt.Sprintf("the variable %s is empty or not set", name), "put the secret into " + name + ", and export it"}
	case file:
		b, err := os.ReadFile(path)
		if err != nil {
			return "", true, err
		}
		secret = strings.TrimRight(string(b), "\r\n")
		empty = noSecret{fmt.Sprintf("the file %s is empty", path), "put the secret into " + path + "; a pipe gives it only once"}
	default:
		return "", false, nil
	}
	if strings.TrimSpace(secret) == "" {
		return "", true, empty
	}
	return secret, true, nil
}

// noSecret says that a secret is empty where it was said to be.
type noSecret struct{ what, hint string }

func (n noSecret) Error() string { return n.what }

// revealed is what a text of the file refers to, and the text itself where it
// refers to nothing.
func revealed(text string) (string, error) {
	secret, named, err := reference(text)
	if !named {
		return text, err
	}
	return secret, err
}

// accessFrom is what lets the requests of the plan in, but for a login's cookies.
func accessFrom(c *cli.Context, s soak.Scenario) (load.Access, error) {
	a := load.Access{Headers: s.Headers, Insecure: s.Insecure}
	path := c.String("ca")
	if path == "" {
		return a, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return a, fmt.Errorf("ca: %w", err)
	}
	if a.Roots, err = x509.SystemCertPool(); err != nil {
		return a, fmt.Errorf("ca: read the authorities of the system: %w", err)
	}
	if !a.Roots.AppendCertsFromPEM(pem) {
		return a, fmt.Errorf("ca: %s holds no certificate in PEM", path)
	}
	return a, nil
}

// logIn sends the login of the plan, if there is one, and returns the access
// with its cookies and its token. A server that does not answer at all is for the run to
// judge, and the ladder says whether it is one.
func (s *server) logIn(ctx context.Context, p targetPlan, scenario soak.Scenario) (load.Access, error) {
	if scenario.Login == nil {
		return p.access, nil
	}
	access, err := load.Login(ctx, load.Config{
		BaseURL: s.URL, Concurrency: 1, Timeout: scenario.Timeout, AllowRemote: p.allowRemote, Access: p.access,
	}, *scenario.Login, p.loginToken)
	switch {
	case err == nil:
		return access, nil
	case ctx.Err() != nil:
		return access, &exitError{soak.ExitUnknown, errors.New("left at once, without a verdict"), ""}
	case !errors.Is(err, load.ErrNoAnswer):
		return access, usage(err, "")
	}
	climber, wrong := s.climbers(p, scenario)
	if wrong != nil {
		return access, usage(wrong, "")
	}
	if lad := climber.Climb(ctx, soak.ClimbStart); lad.State == "" || lad.State.Serving() {
		return access, &exitError{soak.ExitBroken, err, "the server is " + lad.Evidence}
	}
	return access, nil
}
