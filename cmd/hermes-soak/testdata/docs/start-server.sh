#!/bin/sh
exec hermes-soak serve --addr 127.0.0.1:8787
