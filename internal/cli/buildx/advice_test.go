package buildx

import "testing"

func TestEachFailureHasItsAdvice(t *testing.T) {
	for text, want := range map[string]string{
		`failed to solve: process "/bin/sh -c nonsense" did not complete successfully: exit code: 127`:                                                                 hints[1].try,
		`failed to solve: process "/bin/sh -c apt-get install -y x" did not complete successfully: exit code: 100`:                                                     hints[0].try,
		`failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2`:                                                                       hints[len(hints)-1].try,
		`failed to solve: failed to compute cache key: failed to calculate checksum of ref a::b: "/missing.txt": not found`:                                            "look whether /missing.txt lies in the build context (the folder that the command names), and whether .dockerignore leaves it out",
		`failed to solve: failed to read dockerfile: open Dockerfile: no such file or directory`:                                                                       "name the Dockerfile with -f, and check which folder is given as the context: Dockerfile is not in it",
		`failed to solve: secret token: not found`:                                                                                                                     "give the secret with --secret id=token,src=FILE, or with --secret id=token,env=VARIABLE",
		`failed to solve: target stage "prod" could not be found`:                                                                                                      "tug build --call targets . lists the stages that there are",
		`failed to solve: base:9: failed to resolve source metadata for docker.io/library/base:9: docker.io/library/base:9: not found`:                                 "check the image's name and tag; tug pull docker.io/library/base:9 tries it alone",
		`failed to solve: x: failed to resolve source metadata for docker.io/library/x:latest: dial tcp: lookup registry-1.docker.io: no such host`:                    "the registry of docker.io/library/x:latest cannot be reached: check the name and the network",
		`failed to solve: x: failed to resolve source metadata for docker.io/library/x:latest: pull access denied, repository does not exist or may require authority`: "check the image's name, and log in to its registry: tug login REGISTRY",
		`granting entitlement security.insecure is not allowed by build daemon configuration`:                                                                          "whoever runs the daemon can let builds have security.insecure, by builder.entitlements in its daemon.json",
		`network mode "mine" not supported by buildkit - you can define a custom network`:                                                                              "a file for bake names default, none or host: build that target alone, with tug build --network mine",
		`dockerfile parse error on line 1: unknown instruction: FORM (did you mean FROM?)`:                                                                             "",
	} {
		if got := advice(text); got != want {
			t.Errorf("%s:\n\t%q, want\n\t%q", text, got, want)
		}
	}
}
