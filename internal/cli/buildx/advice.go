package buildx

import (
	"regexp"
	"strings"
)

// hints are what to try after an error whose text matches; the first that matches counts. $1 stands for the first group.
var hints = []struct{ pattern, try string }{
	{
		`process ".*apt(?:-get)?(?: -\S+)* install.*" did not complete successfully: exit code: 100`,
		`run apt-get update in the same RUN, before the installation: a list from an earlier, cached step may name packages that are gone`,
	},
	{
		`did not complete successfully: exit code: 127`,
		`the program that the step calls is not in this stage's image: install it in a step before, or check its spelling and PATH`,
	},
	{
		`did not complete successfully: exit code: 126`,
		`the program that the step calls may not be run: COPY --chmod=755 or chmod +x it, and see that it is for this platform`,
	},
	{
		`did not complete successfully: exit code: (?:137|139)|cannot allocate memory|out of memory`,
		`the step was killed, as when memory runs out: give it more with --memory, or let it do less at once`,
	},
	{
		`failed to (?:compute cache key|calculate checksum of ref).*"?(/[^":]*)"?: not found`,
		`look whether $1 lies in the build context (the folder that the command names), and whether .dockerignore leaves it out`,
	},
	{
		`failed to read dockerfile: open ([^:]+): no such file`,
		`name the Dockerfile with -f, and check which folder is given as the context: $1 is not in it`,
	},
	{
		`(?:path|unable to prepare context:).*"?([^" ]+)"? not found|lstat ([^:]+): no such file`,
		`check the folder that is given as the context`,
	},
	{`secret (\S+): not found`, `give the secret with --secret id=$1,src=FILE, or with --secret id=$1,env=VARIABLE`},
	{`unset ssh forward key (\S+)`, `give the agent or the key with --ssh $1, or with --ssh $1=FILE`},
	{`SSH_AUTH_SOCK|invalid empty ssh agent socket`, `start an agent (eval "$(ssh-agent)"; ssh-add), or name a key: --ssh default=FILE`},
	{
		`granting entitlement (\S+) is not allowed by build daemon configuration`,
		`whoever runs the daemon can let builds have $1, by builder.entitlements in its daemon.json`,
	},
	{
		`additional privileges requested|(security\.insecure|network\.host) is not allowed`,
		`grant what the Dockerfile asks for with --allow, if you trust it`,
	},
	{`target stage "?([^" ]+)"? could not be found`, `tug build --call targets . lists the stages that there are`},
	{`pull access denied|insufficient_scope|authorization failed|401 Unauthorized|403 Forbidden`, `check the image's name, and log in to its registry: tug login REGISTRY`},
	{
		`failed to resolve source metadata for ([^:]+(?::[^: ]+)?): .*(?:no such host|connection refused|i/o timeout|dial tcp)`,
		`the registry of $1 cannot be reached: check the name and the network`,
	},
	{`failed to resolve source metadata for (\S+): .*not found`, `check the image's name and tag; tug pull $1 tries it alone`},
	{`network mode "?([^" ]+)"? not supported by buildkit`, `a file for bake names default, none or host: build that target alone, with tug build --network $1`},
	{`no space left on device`, `tug builder prune frees what builds have cached, tug system df tells what takes the space`},
	{`exec format error`, `the program is for another platform: tug build --platform, with binfmt for those that are not this machine's`},
	{`did not complete successfully: exit code: \d+`, `--progress plain shows all that the step wrote`},
}

// advice is what a person may try after an error of that text, "" if there is nothing to say.
func advice(text string) string {
	for _, hint := range hints {
		pattern := regexp.MustCompile(hint.pattern)
		if match := pattern.FindStringSubmatchIndex(text); match != nil {
			return strings.TrimSpace(string(pattern.ExpandString(nil, strings.ReplaceAll(hint.try, `"$(`, `"$$(`), text, match)))
		}
	}
	return ""
}
