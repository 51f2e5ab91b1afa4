# The stand-ins' database: the line of /etc/xcat/cfgloc, and xCAT's tables with their columns in order (docs/xcat-facts.md, Tables).
package XcatDb;
use strict;
use warnings;
use DBI;

our %COLUMNS = (
    networks => [qw(netname net mask mgtifname gateway dhcpserver tftpserver nameservers ntpservers logservers dynamicrange
                    staticrange staticrangeincrement nodehostname ddnsdomain vlanid domain mtu comments disable)],
    site     => [qw(key value comments disable)],
    nodelist => [qw(node groups status statustime appstatus primarysn hidden updatestatus zonename comments disable)],
    hosts    => [qw(node ip hostnames otherinterfaces comments disable)],
    mac      => [qw(node interface mac comments disable)],
    nodehm   => [qw(node power mgt cons termserver termport conserver consoleenabled comments disable)],
    noderes  => [qw(node servicenode netboot tftpserver nfsserver xcatmaster comments disable)],
    passwd   => [qw(key username password cryptmethod authdomain comments disable)],
    policy   => [qw(priority name host commands noderange parameters time rule comments disable)],
);
our %KEYS = (networks => ['net', 'mask'], site => ['key'], passwd => ['key', 'username'], policy => ['priority']);
$KEYS{$_} = ['node'] for qw(nodelist hosts mac nodehm noderes);

# The connection string of cfgloc as a hash, or nothing where the file is missing or empty (then real xCAT takes SQLite).
sub cfgloc {
    open(my $file, '<', $ENV{XCATCFG} || '/etc/xcat/cfgloc') or return;
    my $line = <$file> // '';
    chomp $line;
    my ($name, $host, $user, $password) = $line =~ /^Pg:dbname=(.*?);host=(.*?)\|(.*?)\|(.*)$/ or return;
    return { name => $name, host => $host, user => $user, password => $password, line => $line };
}

sub connect_db {
    my $at = cfgloc() or return;
    return DBI->connect("dbi:Pg:dbname=$at->{name};host=$at->{host};connect_timeout=5", $at->{user}, $at->{password},
        { PrintError => 0, RaiseError => 0, AutoCommit => 1 });
}

sub site {
    my ($db, $key) = @_;
    my ($value) = $db->selectrow_array('select value from site where key = ? and coalesce(disable, \'\') not in (\'1\', \'yes\')', undef, $key);
    return $value // '';
}

# One CSV line as tabdump prints it: values quoted, NULL and the empty string as nothing.
sub csv { join(',', map { defined $_ && $_ ne '' ? do { (my $v = $_) =~ s/"/""/g; "\"$v\"" } : '' } @_) }

1;
