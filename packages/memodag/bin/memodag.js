#!/usr/bin/env node
import "@memodag/cli";
