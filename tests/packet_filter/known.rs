//! Rulesets that are easily judged wrongly.

/// Text of nft. A listener has the ports 1001 to 1004.
pub(crate) const RULESETS: &[&str] = &[
    // Before tracking looks every packet is invalid.
    "table inet t { chain c { type filter hook prerouting priority -300; ct state invalid tcp dport 1001 drop; }
     chain i { type filter hook input priority 0; ct state established accept; } }",
    "table inet t { chain c { type filter hook prerouting priority -199; ct state invalid tcp dport 1001 drop; }
     chain i { type filter hook input priority 0; ct state established accept; } }",
    "table inet t { chain c { type filter hook prerouting priority -300; ct state new tcp dport 1001 drop; }
     chain i { type filter hook input priority 0; ct state established accept; } }",
    // A handshake and no byte.
    "table inet t { chain i { type filter hook input priority 0; policy drop; ct state new accept; } }",
    "table inet t { chain i { type filter hook input priority 0; policy drop; ct state established accept; tcp dport 1001 ct state new accept; } }",
    // Untracked packets are neither new nor established.
    "table inet t { chain r { type filter hook prerouting priority raw; tcp dport 1001 notrack; }
     chain o { type filter hook output priority raw; tcp sport 1001 notrack; }
     chain i { type filter hook input priority 0; policy drop; ct state untracked accept; ct state established,new accept; } }",
    "table inet t { chain r { type filter hook prerouting priority raw; tcp dport 1001 notrack; udp dport 1001 notrack; }
     chain i { type filter hook input priority 0; ct state untracked,established accept; }
     chain o { type filter hook output priority 0; policy drop; ct state established accept; } }",
    "table inet t { chain r { type filter hook prerouting priority raw; tcp dport 1001 notrack; }
     chain i { type filter hook input priority 0; }
     chain o { type filter hook output priority 0; ct state invalid drop; } }",
    "table inet t { chain o { type filter hook output priority raw; tcp sport 1001 notrack; }
     chain i { type filter hook input priority 0; ct state invalid drop; } }",
    // Only the first packet is left alone.
    "table inet t { chain r { type filter hook prerouting priority raw; tcp flags & (syn | ack) == syn notrack; }
     chain i { type filter hook input priority 0; policy drop; ct state untracked,new accept; } }",
    // The answer does not get out.
    "table inet t { chain o { type filter hook output priority 0; policy drop; ct state new accept; } }",
    "table inet t { chain o { type filter hook postrouting priority 0; policy drop; tcp sport 1001 ct state established accept; } }",
    // What was sent on is seen with its new port, and its answer with the old one only after all.
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 redirect to :1002; udp dport 1001 redirect to :1002; }
     chain i { type filter hook input priority 0; policy drop; tcp dport 1002 accept; udp dport 1002 accept; }
     chain o { type filter hook output priority 0; policy drop; tcp sport 1002 accept; udp sport 1002 accept; } }",
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 redirect to :1002; }
     chain p { type filter hook postrouting priority 200; tcp sport 1002 drop; } }",
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 redirect to :1002; }
     chain p { type filter hook postrouting priority 50; tcp sport 1001 drop; } }",
    "table inet t { chain n { type nat hook prerouting priority 300; tcp dport 1001 redirect to :1002; }
     chain p { type filter hook prerouting priority 0; tcp dport 1001 drop; } }",
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 redirect to :1002; }
     chain r { type filter hook prerouting priority raw; tcp dport 1001 ip saddr 10.8.0.1 notrack; }
     chain i { type filter hook input priority 0; ct status dnat drop; tcp dport 1001 ip saddr != 10.8.0.1 drop; } }",
    "table ip t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 dnat to 10.8.0.101:1002; }
     chain i { type filter hook input priority 0; policy drop; ip daddr 10.8.0.101 accept; } }",
    // Nothing of a table that sleeps counts.
    "table inet t { flags dormant; chain i { type filter hook input priority 0; policy drop; } }
     table inet u { chain i { type filter hook input priority 0; tcp dport 1001 drop; } }",
    // An accept ends its own chain only.
    "table inet t { chain i { type filter hook input priority -5; tcp dport 1001 accept; } }
     table inet u { chain i { type filter hook input priority 5; policy drop; udp dport 1001 accept; } }",
    // Marks, of the packet and of the connection.
    "table inet t { chain m { type filter hook prerouting priority mangle; tcp dport 1001 meta mark set 0x15; ct mark set 7; }
     chain i { type filter hook input priority 0; policy drop; meta mark & 0xf == 5 accept; udp dport 1001 ct mark 7 accept; } }",
    "table inet t { chain m { type filter hook prerouting priority mangle; ct state new tcp dport 1001 ct mark set 7; meta mark set ct mark; }
     chain i { type filter hook input priority 0; policy drop; meta mark 7 accept; } }",
    "table inet t { chain m { type filter hook prerouting priority raw; ct mark != 5 drop; }
     chain i { type filter hook input priority 0; ct mark != 0 drop; } }",
    // At the device, before everything else.
    "table netdev t { chain i { type filter hook ingress device outside priority 0; policy accept; tcp dport 1001 drop; } }",
    "table netdev t { chain i { type filter hook ingress device lo priority 0; policy drop; } }",
    "table netdev t { chain e { type filter hook egress device outside priority 0; tcp sport 1001 drop; } }",
    "table inet t { chain i { type filter hook ingress device outside priority 0; ip saddr 10.8.0.1 drop; } }",
    // goto does not come back, jump does.
    "table inet t { chain a { tcp dport 1001 return; } chain b { tcp dport 1002 accept; }
     chain i { type filter hook input priority 0; policy drop; ct state established accept; ip saddr 10.8.0.1 goto a; jump b; jump a; tcp dport 1001 accept; } }",
    // Sets: networks, pairs, times, the rest.
    "table inet t { set s { type ipv4_addr; flags interval,timeout; elements = { 10.8.0.0/31 timeout 1h, 10.8.0.3 timeout 2ms, 10.9.0.0/16 } }
     set p { type ipv4_addr . inet_proto . inet_service; flags interval; elements = { 10.8.0.2 . tcp . 1000-1001 } }
     chain i { type filter hook input priority 0; policy drop; ct state established accept; ip saddr @s accept; ip saddr . meta l4proto . th dport @p accept; } }",
    "table inet t { chain a { udp dport 1001 accept; }
     chain i { type filter hook input priority 0; policy drop; ct state vmap { established : accept, new : continue }; ip saddr vmap { 10.8.0.1 : accept, 10.8.0.2-10.8.0.3 : jump a, 10.9.0.0/16 : drop }; ip6 saddr . tcp dport vmap { fd00:8::1 . 1001 : accept }; } }",
    // What another family says of itself counts for nobody else.
    "table ip t { chain i { type filter hook input priority 0; policy drop; } }",
    "table inet t { chain i { type filter hook input priority 0; ip saddr != 10.8.0.1 drop; ip6 saddr fd00:8::/64 tcp dport != 1001 drop; } }",
    "table inet t { chain i { type filter hook input priority 0; fib daddr type != local drop; meta pkttype != host drop; iifname lo drop; iifname != \"out*\" drop; oifname outside drop; icmp type != echo-request drop; } }",
    // Refused is closed.
    "table inet t { chain i { type filter hook input priority 0; tcp dport 1001 reject with tcp reset; udp dport 1001 reject; } }",
    // A connection's source may be new to those who listen, and its answer all the same.
    "table ip t { chain n { type nat hook postrouting priority srcnat; masquerade; } }",
    // Where nothing needs connection tracking, no packet goes through a chain of nat.
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 drop; } }",
    "table ip t { chain n { type nat hook prerouting priority dstnat; policy drop; } }",
    "table inet t { chain n { type nat hook input priority 100; policy drop; } }",
    // Where something needs it, packets do.
    "table inet t { chain n { type nat hook prerouting priority dstnat; tcp dport 1001 drop; }
     chain i { type filter hook input priority 0; ct state invalid drop; } }",
    "table ip t { chain n { type nat hook prerouting priority dstnat; policy drop; } }
     table ip6 t { chain i { type filter hook input priority 0; ct state invalid drop; } }",
];
