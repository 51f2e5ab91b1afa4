# What xcatd does for its clients. Each command returns (exit code, standard output, standard error).
# Texts and traps are those that were read and run with real xCAT (docs/xcat-facts.md).
package XcatCommands;
use strict;
use warnings;
use Sys::Hostname;
use Socket qw(inet_aton inet_ntoa);
use XcatDb;
use xCAT::Version;

our %COMMANDS = map { $_ => 1 } qw(tabdump gettab lsdef chdef makedns makedhcp makeconservercf makegocons lsxcatd nodels);
my $LEASES = '/var/lib/dhcp/dhcpd.leases';

sub error { my ($text, $code) = @_; return ($code // 1, '', 'Error: [' . hostname() . "]: $text\n") }
sub warning { 'Warning: [' . hostname() . "]: $_[0]\n" }

sub tabdump {
    my ($db, @args) = @_;
    my ($where, $table) = ('');
    while (@args) {
        my $word = shift @args;
        if ($word eq '-w') { $where = shift @args }
        elsif ($word !~ /^-/) { $table = $word }
    }
    return (0, join('', map { "$_\n" } sort keys %XcatDb::COLUMNS), '') unless $table;
    my $columns = $XcatDb::COLUMNS{$table} or return error("No such table: $table");
    my ($key, $value) = $where =~ /^(\w+)==(.*)$/s;
    return error("unsupported filter '$where' in this lab") if $where ne '' && !grep { $_ eq ($key // '') } @$columns;
    my $rows = $db->selectall_arrayref('select ' . join(',', map { "\"$_\"" } @$columns) . " from $table" . ($where ne '' ? " where \"$key\" = ?" : ''),
        undef, $where ne '' ? $value : ());
    return (1, '', "Error: Permission denied for request\n") unless $rows;
    return (0, join('', '#' . join(',', @$columns) . "\n", map { XcatDb::csv(@$_) . "\n" } @$rows), '');
}

# What XCATBYPASS prints without a database.
sub header_only {
    my ($table) = grep { !/^-/ } @_;
    my $columns = $XcatDb::COLUMNS{ $table // '' } or return error('No such table: ' . ($table // ''));
    return (0, '#' . join(',', @$columns) . "\n", '');
}

# gettab key=value[,key=value] table.column ...
sub gettab {
    my ($db, $keys, @columns) = @_;
    return error('usage: gettab key=value,... table.attribute ...') unless $keys && @columns;
    my $out = '';
    for my $wanted (@columns) {
        my ($table, $column) = split /\./, $wanted;
        my $known = $XcatDb::COLUMNS{$table} or return error("No such table: $table");
        my (@where, @values);
        for my $pair (split /,/, $keys) {
            my ($key, $value) = split /=/, $pair, 2;
            return error("Unknown key $key to $table") unless grep { $_ eq $key } @$known;
            push @where, "\"$key\" = ?";
            push @values, $value;
        }
        next unless grep { $_ eq ($column // '') } @$known;
        my ($value) = $db->selectrow_array("select \"$column\" from $table where " . join(' and ', @where), undef, @values);
        next unless defined $value && $value ne '';
        $out .= @columns > 1 ? "$wanted: $value\n" : "$value\n";
    }
    return (0, $out, '');
}

sub options {
    my @args = @_;
    my (%option, @rest);
    while (@args) {
        my $word = shift @args;
        if ($word =~ /^-([toi])$/) { $option{$1} = shift @args }
        elsif ($word eq '-c') { $option{c} = 1 }
        else { push @rest, $word }
    }
    return (\%option, @rest);
}

sub lsdef {
    my ($db, @args) = @_;
    my ($option, @names) = options(@args);
    my $type = $option->{t} // 'node';
    my @attributes = split /,/, $option->{i} // '';
    return (1, "Usage: lsdef ...\n", 'Error: [' . hostname() . "]: The flags '-c' and '-i' must be used together.\n") if $option->{c} && !@attributes;
    my %objects;
    if ($type eq 'site') {
        my %values = map { $_->[0] => $_->[1] } grep { defined $_->[1] && $_->[1] ne '' } @{ $db->selectall_arrayref('select key, value from site') };
        %objects = (clustersite => \%values);
    } elsif ($type eq 'network') {
        my $rows = $db->selectall_hashref('select * from networks', 'netname') // {};
        %objects = %$rows;
    } elsif ($type eq 'node') {
        my $rows = $db->selectall_hashref('select n.node, n.groups, h.ip, m.mac from nodelist n left join hosts h using (node) left join mac m using (node)', 'node') // {};
        %objects = %$rows;
    } else {
        return (1, '', 'Error: [' . hostname() . "]: \nType '$type' is not a valid xCAT object type.\n");
    }
    my @wanted = $option->{o} ? split(/,/, $option->{o}) : @names ? @names : sort keys %objects;
    my ($out, $err, $code) = ('', '', 0);
    for my $name (@wanted) {
        my $object = $objects{$name};
        if (!$object) {
            $err .= 'Error: [' . hostname() . "]: Could not find an object named '$name' of type '$type'.\n";
            $out .= "No object definitions have been found\n";
            $code = 1;
            next;
        }
        my @shown = @attributes ? @attributes : grep { defined $object->{$_} && $object->{$_} ne '' } sort keys %$object;
        if ($option->{c}) {
            if ($type eq 'site') {
                my @set = grep { defined $object->{$_} } @shown;
                $out .= @set ? join('', map { "$name: $_=$object->{$_}\n" } @set) : "No object definitions have been found\n";
            } else {
                $out .= join('', map { "$name: $_=" . ($object->{$_} // '') . "\n" } @shown);
            }
        } else {
            $out .= "Object name: $name\n";
            $out .= join('', map { "    $_=" . ($object->{$_} // '') . "\n" } $type eq 'site' ? grep { defined $object->{$_} } @shown : @shown);
        }
    }
    return ($code, $out, $err);
}

sub chdef {
    my ($db, @args) = @_;
    my ($option, @pairs) = options(@args);
    my ($type, $name) = ($option->{t} // 'node', $option->{o} // '');
    my $failed = "Error: [" . hostname() . "]: One or more errors occured when attempting to create or modify xCAT object definitions.\n";
    my $done = "1 object definitions have been created or modified.\n";
    my %values = map { my ($key, $value) = split /=/, $_, 2; ($key => $value) } @pairs;
    if ($type eq 'site') {
        for my $key (keys %values) {
            $db->do('delete from site where key = ?', undef, $key);
            $db->do('insert into site (key, value) values (?, ?)', undef, $key, $values{$key}) if $values{$key} ne '';
        }
        return (0, $done, '');
    }
    return (1, '', "Error: [" . hostname() . "]: unsupported type $type in this lab\n") unless $type eq 'network';
    my ($blank) = $db->selectrow_array("select count(*) from networks where net = '' or mask = ''");
    return (1, '', "Error: [" . hostname() . "]: Attribute 'net' is not specified for network entry '$name', skipping.\n$failed") if $blank;
    my ($unknown) = grep { my $key = $_; !grep { $_ eq $key } @{ $XcatDb::COLUMNS{networks} } } sort keys %values;
    return (1, '', "Error: [" . hostname() . "]: '$unknown' is not a valid attribute name for an object type of 'network'.\n$failed") if defined $unknown;
    my ($there) = $db->selectrow_array('select count(*) from networks where netname = ?', undef, $name);
    if (!$there) {
        return (1, '', "Error: [" . hostname() . "]: Net or mask value should not be empty for network object $name\n$failed")
            unless ($values{net} // '') ne '' && ($values{mask} // '') ne '';
        my ($twin) = $db->selectrow_array('select netname from networks where net = ? and mask = ?', undef, @values{qw(net mask)});
        return (1, '', "Error: [" . hostname() . "]: A network definition called '$twin' already exists that contains the same net and mask values. "
            . "Cannot create a definition for '$name'.\n$failed") if defined $twin;
        $db->do('insert into networks (netname, net, mask) values (?, ?, ?)', undef, $name, @values{qw(net mask)});
    }
    for my $key (keys %values) {
        # A write error is not looked at, as in real xCAT: who needs to know reads back.
        $db->do("update networks set \"$key\" = ? where netname = ?", undef, $values{$key}, $name);
    }
    return (0, $done, '');
}

sub local_addresses { map { m{inet ([\d.]+)/} ? $1 : () } `ip -o -4 addr show` }

# The first local address in the order of `ip addr` that lies in the network: with a VIP beside it, the static one.
sub my_ip_facing {
    my ($net, $mask) = @_;
    for my $address (local_addresses()) {
        return $address if (inet_aton($address) & inet_aton($mask)) eq inet_aton($net);
    }
    return '';
}

sub system_ok { return system(@_) == 0 }

sub write_file {
    my ($name, $text) = @_;
    open(my $file, '>', $name) or return;
    print $file $text;
    close $file;
}

sub makedns {
    my ($db, @args) = @_;
    my $domain = XcatDb::site($db, 'domain');
    return error('domain not defined in site table') unless $domain ne '';
    my $new = grep { $_ eq '-n' } @args;
    my (%address, $out);
    my ($handling, $ignoring) = ('', '');
    open(my $hosts, '<', '/etc/hosts') or return error('cannot read /etc/hosts');
    while (my $line = <$hosts>) {
        $line =~ s/#.*//;
        my ($ip, $name, @others) = split ' ', $line;
        next unless defined $name && $ip =~ /^\d+\.\d+\.\d+\.\d+$/;
        if (my @bad = grep { !/^[a-zA-Z0-9.-]+$/ } $name, @others) {
            $ignoring .= "Ignoring line $ip $name in /etc/hosts, names  @bad contain invalid characters (valid characters include a through z, numbers and the '-', but not '_'\n";
            next;
        }
        $handling .= "Handling $name in /etc/hosts.\n";
        next if $name =~ /localhost/;
        if (!grep { (inet_aton($ip) & inet_aton($_->{mask})) eq inet_aton($_->{net}) } networks($db)) {
            $ignoring .= "Ignoring host $name, it does not belong to any nets defined in networks table or the net it belongs to is configured to use an external nameserver.\n";
            next;
        }
        $address{$_} = $ip for grep { !/\./ } $name, @others;
    }
    $out = "$handling${ignoring}Getting reverse zones, this may take several minutes for a large cluster.\nCompleted getting reverse zones.\nUpdating zones.\n";
    my $own = inet_aton(hostname());
    if ($new) {
        system_ok('systemctl', 'stop', 'named.service');
        unlink glob('/var/lib/bind/db.*');
    }
    # As real makedns leaves it (docs/xcat-facts.md, What makedns does): named is down and the zones are gone.
    return (1, $out, 'Error: [' . hostname() . ']: Unable to find an IP for ' . hostname() . " in hosts table or via system lookup (i.e. /etc/hosts\n") unless $own;
    my $own_address = inet_ntoa($own);
    my $host = hostname();
    my $serial = time;
    my $soa = sub { "\$TTL 86400\n\@ IN SOA $host.$domain. root.$domain. ( $_[0] 10800 3600 604800 86400 )\n\@ IN NS $host.$domain.\n$host IN A $own_address\n" };
    my $reverse = sub { "\$TTL 86400\n\@ IN SOA $host.$domain. root.$domain. ( $_[0] 10800 3600 604800 86400 )\n\@ IN NS $host.$domain.\n" };
    if ($new) {
        write_file("/var/lib/bind/db.$domain", $soa->($serial));
        write_file('/var/lib/bind/db.10', $reverse->($serial));
    }
    write_file('/etc/bind/named.conf', <<"CONF");
options { directory "/var/cache/bind"; listen-on { any; }; listen-on-v6 { none; }; recursion no; allow-query { any; }; dnssec-validation no; };
zone "$domain" in { type master; file "/var/lib/bind/db.$domain"; };
zone "10.IN-ADDR.ARPA." in { type master; file "/var/lib/bind/db.10"; };
CONF
    $out .= "Completed updating zones.\n";
    if ($new) {
        $out .= "Restarting bind9\n";
        return (1, $out, 'Error: [' . hostname() . "]: failed to start named.\n\n") unless system_ok('systemctl', 'restart', 'named.service');
        $out .= "Restarting named complete\n";
    }
    $out .= "Updating DNS records, this may take several minutes for a large cluster.\n";
    # The zone's name server must answer; a silent address costs the whole wait (77 s in reality, a tenth here) and leaves the zones empty.
    if (!grep { $_ eq $own_address } local_addresses()) {
        sleep 8;
        return (1, $out, 'Error: [' . hostname() . "]: No reply received when sending DNS update to zone 10.IN-ADDR.ARPA.\n");
    }
    write_file("/var/lib/bind/db.$domain", $soa->($serial + 1) . join('', map { "$_ IN A $address{$_}\n" } grep { $_ ne $host } sort keys %address));
    write_file('/var/lib/bind/db.10', $reverse->($serial + 1)
        . join('', map { my @o = split /\./, $address{$_}; $o[0] == 10 ? "$o[3].$o[2].$o[1] IN PTR $_.$domain.\n" : '' } sort keys %address));
    system('rndc reload >/dev/null 2>&1');
    return (0, $out . "Completed updating DNS records.\nDNS setup is completed\n", '');
}

sub networks { @{ $_[0]->selectall_arrayref('select * from networks', { Slice => {} }) } }

sub makedhcp {
    my ($db, @args) = @_;
    my ($new, $all, $query) = map { my $o = $_; scalar grep { $_ eq $o } @args } qw(-n -a -q);
    return error('The -n option cannot be used with other options.') if $new && $all;
    if ($new) {
        rename '/etc/dhcp/dhcpd.conf', '/etc/dhcp/dhcpd.conf.xcatbak';
        my $out = "Renamed existing dhcp configuration file to  /etc/dhcp/dhcpd.conf.xcatbak\n\n";
        my $err = '';
        my $conf = "#xCAT generated dhcp configuration\n\nauthoritative;\nddns-update-style none;\nomapi-port 7911;\n";
        my (@interfaces, %served) = split /,/, XcatDb::site($db, 'dhcpinterfaces');
        for my $net (networks($db)) {
            my $domain = $net->{domain} || XcatDb::site($db, 'domain');
            if (!$domain) {
                rename '/etc/dhcp/dhcpd.conf.xcatbak', '/etc/dhcp/dhcpd.conf';
                return (1, $out, "Error: [" . hostname() . "]: No domain defined for $net->{net} entry in networks table, and no domain defined in site table.\n"
                    . "Error: [" . hostname() . "]: above error fail to generate new dhcp configuration file, restore dhcp configuration file /etc/dhcp/dhcpd.conf\n");
            }
            my $facing = my_ip_facing($net->{net}, $net->{mask}) or next;
            my $tftp = ($net->{tftpserver} // '<xcatmaster>') eq '<xcatmaster>' ? $facing : $net->{tftpserver};
            $err .= warning("No dynamic range specified for $net->{net}. If hardware discovery is being used, a dynamic range is required.") unless $net->{dynamicrange};
            # The interface comes from the routing table, never from mgtifname (docs/xcat-facts.md, The interface of a network). An alias in
            # site.dhcpinterfaces is no interface of that table: no subnet is written, and dhcpd does not start.
            my $bits = unpack('%32b*', inet_aton($net->{mask}));
            my ($nic) = `ip -4 route show $net->{net}/$bits` =~ /dev (\S+)/;
            next if !defined $nic || (@interfaces && !grep { $_ eq $nic } @interfaces);
            $served{$nic} = 1;
            $conf .= "shared-network $nic {\n  subnet $net->{net} netmask $net->{mask} {\n    max-lease-time 43200;\n    min-lease-time 43200;\n"
                . "    default-lease-time 43200;\n    option routers  $facing;\n    next-server  $tftp;\n    option domain-name \"$domain\";\n"
                . "    option domain-name-servers  " . (XcatDb::site($db, 'nameservers') || $facing) . ";\n  } # $net->{net}/$net->{mask} subnet_end\n} # $nic nic_end\n";
        }
        write_file('/etc/dhcp/dhcpd.conf', $conf);
        write_file('/etc/default/isc-dhcp-server', 'INTERFACES="' . join(' ', @interfaces ? @interfaces : sort keys %served) . "\"\n");
        # The result of the restart is not looked at (docs/xcat-facts.md, What makedhcp does).
        system('systemctl', 'restart', 'dhcpd.service');
        return (0, $out, $err);
    }
    if ($all) {
        return error('dhcp server is not running.  please start the dhcp server.') unless system_ok('systemctl', 'is-active', '--quiet', 'dhcpd.service');
        # By OMAPI they come into the leases file, where they outlive -n. One of a node that is gone goes only where another node has its MAC.
        system('systemctl', 'stop', 'dhcpd.service');
        open(my $in, '<', $LEASES) or return error("$LEASES: $!");
        my $text = join '', <$in>;
        my ($reserved, $unresolved) = reservations($db);
        for my $row (@$reserved) {
            my ($node, $ip, $mac) = @$row;
            $text =~ s{^(host (\S+) \{\n(?:[ \t].*\n)*\}\n)}{ $2 eq $node || index($1, " $mac;") > 0 ? '' : $1 }gem;
            $text .= "host $node {\n  dynamic;\n  hardware ethernet $mac;\n  fixed-address $ip;\n  filename \"xcat/xnba/$node\";\n}\n";
        }
        write_file($LEASES, $text);
        system('systemctl', 'start', 'dhcpd.service');
        return (0, '', $unresolved);
    }
    if ($query) {
        my @nodes = noderange($db, grep { !/^-/ } @args) or return error('Invalid nodes and/or groups in noderange: ' . join(',', grep { !/^-/ } @args));
        my $has = dhcp_hosts();
        return (0, join('', map { "$_: ip-address = $has->{$_}[0], hardware-address = $has->{$_}[1]\n" } grep { $has->{$_} } @nodes), '');
    }
    return error('usage: makedhcp -n | -a | -q');
}

# Addresses from name resolution, never from the tables (docs/xcat-facts.md, Addresses come from the hosts file): a node without one is a warning,
# costs its time (a second in reality, a tenth here), and leaves the exit code at 0.
sub reservations {
    my ($db) = @_;
    my ($reserved, $unresolved) = ([], '');
    for my $row (@{ $db->selectall_arrayref('select node, mac from mac order by 1') }) {
        my ($node, $mac) = @$row;
        my $address = inet_aton($node);
        if (!$address) {
            select(undef, undef, undef, 0.1);
            $unresolved .= warning("The hostname $node of node $node could not be resolved.");
            next;
        }
        push @$reserved, [$node, inet_ntoa($address), $mac];
    }
    return ($reserved, $unresolved);
}

# What dhcpd has, whatever the tables say; nothing where it does not run. A later declaration of a host counts.
sub dhcp_hosts {
    return {} unless system_ok('systemctl', 'is-active', '--quiet', 'dhcpd.service');
    open(my $leases, '<', $LEASES) or return {};
    my $text = join '', <$leases>;
    my %has;
    while ($text =~ /^host (\S+) \{\n(.*?)^\}/gms) {
        my ($node, $body) = ($1, $2);
        delete $has{$node};
        next if $body =~ /^\s*deleted;/m;
        my ($mac) = $body =~ /hardware ethernet (\S+);/;
        my ($ip) = $body =~ /fixed-address (\S+);/;
        $has{$node} = [$ip, $mac] if $mac && $ip;
    }
    return \%has;
}

sub console_nodes { @{ $_[0]->selectcol_arrayref("select node from nodehm where coalesce(cons, '') <> '' order by node") } }

sub processes { my ($text) = @_; return scalar grep { /\Q$text\E/ } `ps -eo args` }

sub makeconservercf {
    my ($db) = @_;
    # The text of ps decides, whoever's command line it is.
    return error('goconserver is being used as the console service, did you mean: makegocons <noderange>? If not, stop goconserver and retry.') if processes('/usr/bin/goconserver');
    my $err = '';
    if (-e '/usr/bin/goconserver') {
        $err = warning('makeconservercf is deprecrated as well as conserver, go to makegocons for more information about enabling goconserver.');
        system('systemctl', '--quiet', 'disable', 'goconserver.service');
    }
    return error('conserver is not supported or not installed.') unless -e '/usr/sbin/conserver';
    my $master = XcatDb::site($db, 'master');
    # The address of site.master must be here, else a remote xcatd would be asked (docs/xcat-facts.md, Console services).
    return error("Unable to dispatch hierarchical sub-command to $master:3001.  Error: Connection failure: IO::Socket::INET: connect: No route to host")
        unless grep { $_ eq $master } local_addresses();
    my $text = "config * {\n  primaryport 782;\n}\naccess * {\n  trusted " . join(',', '127.0.0.1', $master, local_addresses()) . ";\n}\ndefault cyclades { type host; portbase 2000; portinc 1; }\n";
    # A console is a program per method, as xCAT has it; conserver starts it when somebody asks for the console.
    my %method = @{ $db->selectcol_arrayref("select node, cons from nodehm where coalesce(cons, '') <> ''", { Columns => [1, 2] }) };
    $text .= "console $_ {\n  master localhost;\n  type exec;\n  exec /opt/xcat/share/xcat/cons/$method{$_} $_;\n  options ondemand;\n  rw *;\n}\n" for console_nodes($db);
    write_file('/etc/conserver.cf', $text);
    # Enabled at boot again.
    system('systemctl', '--quiet', 'enable', 'conserver.service');
    system('systemctl', 'restart', 'conserver.service');
    return (0, '', $err);
}

sub makegocons {
    my ($db) = @_;
    my @nodes = console_nodes($db) or return (0, '', '');
    return error('goconserver is not installed.') unless -e '/usr/bin/goconserver';
    return error('conserver is started, please stop it at first.') if processes('/usr/sbin/conserver');
    system('systemctl', '--quiet', 'enable', 'goconserver.service');
    system('systemctl', '--quiet', 'disable', 'conserver.service');
    write_file('/etc/goconserver/server.conf', "#generated by xcat " . xCAT::Version::Version('short') . "\n") unless -e '/etc/goconserver/server.conf';
    system('systemctl', 'restart', 'goconserver.service');
    $db->do('update nodehm set consoleenabled = \'1\' where coalesce(cons, \'\') <> \'\'');
    return (0, "Starting goconserver service ...\n" . join('', map { "$_: Created\n" } @nodes), '');
}

sub lsxcatd {
    my ($db, @args) = @_;
    my $at = XcatDb::cfgloc();
    my $where = $at ? "cfgloc=Pg:dbname=$at->{name};host=$at->{host}|$at->{user}\ndbengine=Pg\ndbname=$at->{name}\ndbhost=$at->{host}\ndbadmin=$at->{user}\n" : "dbengine=SQLite\n";
    my $version = xCAT::Version::Version() . "\n";
    return (0, $where, '') if grep { $_ eq '-d' } @args;
    return (0, "${version}This is a Management Node\n$where", '') if grep { $_ eq '-a' } @args;
    return (0, $version, '') if grep { $_ eq '-v' } @args;
    return (1, "lsxcatd [-v|-d|-a]\n", '');
}

# noderange NAME,NAME... or /REGEX; all nodes without one.
sub noderange {
    my ($db, $range) = @_;
    my @all = @{ $db->selectcol_arrayref('select node from nodelist order by 1') };
    return @all unless defined $range;
    if ($range =~ m{^/(.*)}) { my $pattern = $1; return grep { /^$pattern$/ } @all }
    my %wanted = map { $_ => 1 } split /,/, $range;
    return grep { $wanted{$_} } @all;
}

# nodels [NODERANGE [table.column ...]]: a line for each node and column; with several columns each says which it is.
sub nodels {
    my ($db, @args) = @_;
    my ($range, @columns) = @args;
    my @nodes = noderange($db, $range);
    return error("Invalid nodes and/or groups in noderange: $range") if defined $range && !@nodes;
    return (0, join('', map { "$_\n" } @nodes), '') unless @columns;
    my $out = '';
    for my $node (@nodes) {
        for my $wanted (@columns) {
            my ($table, $column) = split /\./, $wanted;
            return error("$wanted not a valid table.column description") unless grep { $_ eq ($column // '') } @{ $XcatDb::COLUMNS{$table} // [] };
            my ($value) = $db->selectrow_array("select \"$column\" from $table where node = ?", undef, $node);
            $out .= "$node: " . (@columns > 1 ? "$wanted: " : '') . ($value // '') . "\n";
        }
    }
    return (0, $out, '');
}

sub run {
    my ($db, $command, @args) = @_;
    return (1, '', "Error: Permission denied for request\n") unless $db;
    no strict 'refs';
    return &{"XcatCommands::$command"}($db, @args);
}

1;
