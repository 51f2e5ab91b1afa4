# Of leases_without_hosts in node/lib/localFiles/reservations.sh.
use strict; use warnings;
my ($from, $to) = @ARGV;
open(my $in, "<:raw", $from) or die "it cannot be read: $!\n";
my ($text, $kept, $removed) = ("", "", 0);
while (1) {
  my $bytes = sysread($in, $text, 1 << 20, length $text) // die "it cannot be read: $!\n";
  last if $bytes == 0;
}
while (1) {
  while ($text =~ /\G(\s++|#[^\n]*+)/gc) { $kept .= $1 }
  my $start = pos($text) // 0;
  last if $start >= length $text;
  my $host = substr($text, $start, 1000) =~ /^host\s+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s{};"#]++)\s*\{/s;
  my ($depth, $ended) = (0, 0);
  # What stands in quotes or behind # counts for nothing.
  while ($text =~ /\G(?:([{};])|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^{};"#]++|#[^\n]*+)/gcs) {
    next unless defined $1;
    $depth++ if $1 eq "{";
    $depth-- if $1 eq "}";
    last if $depth < 0;
    if ($depth == 0 && $1 ne "{") { $ended = 1; last }
  }
  if (!$ended) {
    my $line = 1 + (substr($text, 0, $start) =~ tr/\n//);
    die "what begins in line $line does not end as a declaration\n";
  }
  my $piece = substr($text, $start, pos($text) - $start);
  if (!$host) { $kept .= $piece } else { $removed++; $text =~ /\G[ \t]*\n/gc }
}
if ($removed) {
  open(my $out, ">:raw", $to) or die "$to: $!\n";
  print $out $kept or die "$to: $!\n";
  close $out or die "$to: $!\n";
}
print "$removed\n";
