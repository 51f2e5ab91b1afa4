# flattenExport DIRECTORY: a line per value, "TABLE/ROW", a tab, "COLUMN = VALUE", sorted. Not in it: the order of rows,
# the mgtifname that we set ourselves, and the states that xCAT keeps up to date while it runs.
use strict; use warnings;
my %noise = map { $_ => 1 }
  qw(mgtifname consoleenabled status statustime appstatus appstatustime updatestatus updatestatustime);
my %lines;
for my $file (glob "$ARGV[0]/tables/*.csv") {
  open(my $in, "<", $file) or die "$file: $!\n";
  local $/; my $text = <$in> // "";
  my ($table) = $file =~ m{([^/]+)\.csv$};
  my (@columns, @row);
  # Values are quoted, inner quotes doubled, and may hold newlines (docs/xcat-facts.md, Tables).
  while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|\z)/g) {
    my ($value, $end) = ($1 // $2, $3);
    $value =~ s/""/"/g; $value =~ s/\s+/ /g;
    push @row, $value;
    next if $end eq ",";
    if (!@columns) { @columns = @row; $columns[0] =~ s/^#// }
    else {
      for my $i (0 .. $#row) {
        $lines{"$table/$row[0]\t$columns[$i] = $row[$i]"} = 1 if $row[$i] ne "" && !$noise{$columns[$i]};
      }
    }
    @row = ();
    last if $end eq "";
  }
}
print map { "$_\n" } sort keys %lines;
