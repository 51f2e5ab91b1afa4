# One reader and editor of pg_hba.conf, which judges as PostgreSQL does: by the first rule that matches a login of
# xCAT's user to its database from an address, with TLS and without, as far as sslmode of cfgloc tries them.
#   list USER DATABASE SSL SSLMODE CERTIFICATE ADDRESS...  a line for each address: it, a tab, "ok", "absent", or the
#                                                          rule that decides otherwise with its line; a tab, and why no
#                                                          rule of ours may help, or nothing
#   edit (the same)                                        the file with a rule of ours where it decides, for each
#                                                          address that is not "ok"
# CERTIFICATE is yes where xCAT has one for its login. Whom a rule with +role, @file, a host name or an include means is
# not known: nothing is made of it but that ours must stand before it.
use strict; use warnings;
my ($act, $user, $database, $ssl, $mode, $certificate, @addresses) = @ARGV;
my @lines = do { local $/; my $text = <STDIN> // ""; split /^/m, $text };
# Of these any password works. Which of them is the site's to choose.
my %password = map { $_ => 1 } qw(md5 scram-sha-256 password ldap pam radius);
my %tries = (plain => $mode !~ /^(require|verify-)/, tls => $ssl eq "on" && $mode ne "disable");

sub number {
    my @part = $_[0] =~ /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/ or return;
    return (($part[0] * 256 + $part[1]) * 256 + $part[2]) * 256 + $part[3];
}

# Fields of one line, each a list of [word, quoted].
sub fields {
    my ($text, @fields, $more) = @_;
    while (1) {
        $text =~ s/^[\s,]+//;
        last if $text eq "" || $text =~ /^#/;
        my ($word, $quoted) = ("", 0);
        while ($text =~ s/^(?:"((?:[^"]|"")*)"|([^\s,"#]+)|(["]))//) {
            if (defined $1) { (my $inner = $1) =~ s/""/"/g; $word .= $inner; $quoted = 1 }
            else { $word .= $2 // $3 }
        }
        if ($more) { push @{ $fields[-1] }, [$word, $quoted] } else { push @fields, [[$word, $quoted]] }
        $more = $text =~ s/^,//;
    }
    return @fields;
}

# 1, 0, or undef where it cannot be told.
sub any {
    my ($list, $one) = @_;
    my $answer = 0;
    for my $word (@$list) {
        my $found = $one->(@$word);
        return 1 if $found;
        $answer = undef unless defined $found;
    }
    return $answer;
}
sub is_database {
    my ($word, $quoted) = @_;
    return $word eq $database ? 1 : 0 if $quoted;
    return 1 if $word eq "all" || $word eq $database;
    return $user eq $database ? 1 : 0 if $word eq "sameuser";
    return undef if $word =~ m{^[/@]} || $word =~ /^same(role|group)$/;
    return 0;
}
sub is_user {
    my ($word, $quoted) = @_;
    return $word eq $user ? 1 : 0 if $quoted;
    return 1 if $word eq "all" || $word eq $user;
    return undef if $word =~ m{^[/@+]};
    return 0;
}
sub is_address {
    my ($address, $where, $mask) = @_;
    my ($word, $quoted) = @$where;
    return 1 if !$quoted && ($word eq "all" || $word eq "samenet");
    return 0 if $word =~ /:/;
    my ($net, $bits) = split m{/}, $word;
    defined(my $first = number($net)) or return undef;
    $mask = defined $bits && $bits =~ /^\d+$/ && $bits <= 32
        ? ($bits ? (0xffffffff << (32 - $bits)) & 0xffffffff : 0)
        : number($mask // "");
    return undef unless defined $mask;
    return (number($address) & $mask) == ($first & $mask) ? 1 : 0;
}

# rules: each with the index of its first line, what it says, and whom it means.
sub rules {
    my @rules;
    for (my $i = 0; $i < @lines; $i++) {
        my ($first, $text) = ($i, $lines[$i]);
        $text =~ s/\r?\n$//;
        while ($text =~ s/\\$// && $i < $#lines) { (my $next = $lines[++$i]) =~ s/\r?\n$//; $text .= $next }
        my @field = fields($text) or next;
        my $type = $field[0][0][0];
        my $said = join " ", map { join ",", map { $_->[0] } @$_ } @field;
        my %rule = (at => $first, last => $i, type => $type, text => $said);
        if ($type =~ /^include/) { push @rules, { %rule, unknown => 1 }; next }
        next unless $type =~ /^host(ssl|nossl|nogssenc)?$/ && @field > 4;
        my $masked = $field[3][0][0] =~ m{^[\d.]+$};
        @rule{qw(database user address)} = ($field[1], $field[2], $field[3][0]);
        $rule{mask} = $masked ? $field[4][0][0] : undef;
        $rule{method} = lc(($field[$masked ? 5 : 4] // [[""]])->[0][0]);
        my @options = map { $_->[0][0] } @field[($masked ? 6 : 5) .. $#field];
        $rule{certified} = $rule{method} eq "cert" || grep { /^clientcert=(1|verify-)/ } @options;
        $rule{good} = $rule{certified}
            ? $certificate eq "yes" && ($password{ $rule{method} } || $rule{method} eq "cert")
            : $password{ $rule{method} };
        # As we write it, with whatever method; what rejects is the site's own.
        my ($whom, $where) = $rule{text} =~ m{^host(?:no)?(?:ssl)? (\S+ \S+) ([\d.]+)/32 \S+$};
        my $ours = defined $whom && $first == $i && $rule{method} ne "reject"
            && ($type eq "host" && $whom eq "all all" || $lines[$first] eq ours($type, $whom ne "all all", $where));
        $rule{ours} = $ours ? $where : "";
        push @rules, \%rule;
    }
    return @rules;
}

# decides: the rule that the server goes by for an address, with TLS or without; nothing where none matches.
sub decides {
    my ($address, $tls, @rules) = @_;
    for my $rule (@rules) {
        return $rule if $rule->{unknown};
        next if $rule->{type} eq ($tls ? "hostnossl" : "hostssl");
        my @is = (any($rule->{database}, \&is_database), any($rule->{user}, \&is_user));
        push @is, is_address($address, $rule->{address}, $rule->{mask});
        next if grep { defined && !$_ } @is;
        # One that may match and lets in changes nothing; one that may match and does not is in the way.
        next if grep({ !defined } @is) && $rule->{good};
        return $rule;
    }
    return undef;
}

# ours: our rule for an address; where it stands above one of the site that rejects, for xCAT's own login alone.
sub ours {
    my ($type, $narrow, $address) = @_;
    my @whom = map { !$narrow ? "all" : /^[a-z_]\w*$/ && !/^(all|same\w+|replication)$/ ? $_ : qq("$_") }
        $database, $user;
    return sprintf "%-7s %-12s %-10s %s      md5\n", $type, @whom, "$address/32";
}

# look: what decides for an address; and where it is not as it should be, which type of rule of ours helps, before which
# line, or why none may.
sub look {
    my ($address, @rules) = @_;
    my %is = map { $_ => $tries{$_} ? decides($address, $_ eq "tls", @rules) : undef } qw(plain tls);
    my @deciding = grep { defined } @is{qw(tls plain)};
    my ($wrong) = sort { $a->{at} <=> $b->{at} } grep { !$_->{good} } @deciding;
    # The site may forbid one of the two, as long as the other one works.
    my $good = grep { $_->{good} } @deciding;
    my $trusted = grep { $_->{unknown} || $_->{method} eq "trust" } @deciding;
    my %look = (stuck => "", state => $wrong ? "line " . ($wrong->{at} + 1) . ": $wrong->{text}" : "absent");
    $look{state} = "ok" if $good && !$trusted;
    return \%look if $look{state} eq "ok";
    # A policy of the site about TLS and certificates stays: where it forbids one of the two, ours is for the other.
    my %open = %tries;
    my %forbids = (plain => "hostnossl", tls => "hostssl");
    for my $way (qw(plain tls)) {
        my $rule = $is{$way} or next;
        next unless $rule->{certified} || $rule->{type} eq $forbids{$way} && $rule->{method} eq "reject";
        my $other = $way eq "tls" ? "plain" : "tls";
        $open{$way} = 0;
        $open{$other} = 0 if $rule->{certified} && !$is{$other};
        $look{stuck} = "line " . ($rule->{at} + 1) . ": $rule->{text}"
            . ($rule->{certified}
                ? ", a client certificate, of which cfgloc has none (sslcert)"
                : ", sslmode=$mode in cfgloc, ssl = $ssl");
    }
    if (!$tries{plain} && !$tries{tls}) { $look{stuck} = "sslmode=$mode in cfgloc, and ssl = $ssl" }
    elsif ($open{plain} || $open{tls}) { $look{stuck} = "" }
    return \%look if $look{stuck};
    $look{type} = $open{tls} ? "hostssl" : "hostnossl";
    $look{type} = "host" if $open{plain} == $tries{plain} && $open{tls} == $tries{tls};
    my @open = map { $open{$_} ? $is{$_} : undef } qw(plain tls);
    ($look{before}) = sort { $a <=> $b } map { $_->{at} } grep { defined && !$_->{good} } @open;
    return \%look;
}

my @rules = rules();
my %state = map { $_ => look($_, @rules) } @addresses;
if ($act eq "list") { print "$_\t$state{$_}{state}\t$state{$_}{stuck}\n" for @addresses; exit }

my %missing = map { $_ => 1 } grep { $state{$_}{state} ne "ok" } @addresses;
for my $rule (grep { $missing{ $_->{ours} // "" } } @rules) { $lines[$rule->{at}] = "" }
@rules = grep { !$missing{ $_->{ours} // "" } } @rules;
# Under the comment below which xCAT's pgsqlsetup writes, else before the first rule for the network, as long as no rule
# that may mean the address stands between; else where it decides, and no higher: directly before the rule that decides
# otherwise, or behind the last one.
my ($comment) = grep { $lines[$_] =~ /^\s*#.*IPv4 local connections:/ } 0 .. $#lines;
my ($first) = map { $_->{at} } grep { $_->{type} =~ /^(host|include)/ } rules();
my $usual = defined $comment ? $comment + 1 : $first // scalar @lines;
my %at;
for my $address (grep { $missing{$_} } @addresses) {
    my $now = look($address, @rules);
    next if $now->{state} eq "ok";
    if ($now->{stuck}) { print STDERR "$now->{stuck}\n"; exit 3 }
    my @means = grep { $_->{unknown} || (is_address($address, $_->{address}, $_->{mask}) // 1) } @rules;
    my $low = $now->{before} // (@rules ? $rules[-1]{last} + 1 : $usual);
    my $place = $usual < $low && !grep({ $_->{at} >= $usual && $_->{at} < $low } @means) ? $usual : $low;
    my $narrow = grep { $_->{at} >= $place && ($_->{method} // "reject") eq "reject" } @means;
    push @{ $at{$place} }, ours($now->{type}, $narrow, $address);
}
$lines[-1] =~ s/(?<=[^\n])\z/\n/ if %at && @lines;
for my $i (0 .. @lines) { print @{ $at{$i} // [] }, $i < @lines ? $lines[$i] : "" }
