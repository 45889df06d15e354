#!/bin/sh
# An installation in a container starts no services.
exit 101
