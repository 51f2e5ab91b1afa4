# Which version lsxcatd names. Called as a function, as xCAT itself does.
package xCAT::Version;
use strict;
use warnings;

sub Version { return ($_[0] // '') eq 'short' ? '2.19.0' : 'Version 2.19.0 (git commit 7733d16f8, built Fri Aug 21 2026)' }

1;
