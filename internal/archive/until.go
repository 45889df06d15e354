package archive

import (
	"context"
	"io"
)

// Until returns r, which can be read until ctx ends: a file of an archive can be far longer than the archive, as holes take no place in it.
func Until(ctx context.Context, r io.Reader) io.Reader { return &until{ctx, r} }

type until struct {
	ctx context.Context //nolint:containedctx // it is what this is for
	r   io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
