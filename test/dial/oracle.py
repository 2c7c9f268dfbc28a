"""Decides who may test which address, with Python's ipaddress. It shares no code with the service.

The first line of standard input is the installation as JSON. Each further line is a case: {"caller": ..., "body": the
text of a request}, or {"network": ...} for an entry of a customers file. Each answer is one line: `allow ADDRESS`, or
the reason.

This program is stricter than Python only where Python accepts more than the service promises:
- Python accepts IPv6 addresses with a zone id (since 3.9). They are not addresses of the internet.
- Python accepts numbers and bytes. An address in a request is a JSON string.
- ::ffff:0:0/96 is a second spelling of IPv4 addresses, so it is a fault of the request.
Python 3.13 writes that range with a dotted tail. That does not matter, because it is never printed here.
"""
import ipaddress
import json
import sys

# Ranges of IANA's special-purpose registries, and others, that no customer's mail server has. No entry can allow them.
NEVER = """
0.0.0.0/8 100.100.100.200/32 127.0.0.0/8 168.63.129.16/32 169.254.42.42/32 169.254.169.254/32
169.254.170.2/32 169.254.170.23/32 224.0.0.0/4 255.255.255.255/32
::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16 fd00:ec2::254/128 fd00:ec2::23/128 fd00:42::42/128
fd00:c1::a9fe:a9fe/128 fd20:ce::254/128 fe80::/10 ff00::/8
"""
# An entry with allowSpecial can allow these. Of IPv6 only 2000::/3 is in use.
SPECIAL = """
10.0.0.0/8 100.64.0.0/10 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2620:4f:8000::/48 3ffe::/16 3fff::/20
"""
NEVER = [ipaddress.ip_network(text) for text in NEVER.split()]
SPECIAL = [ipaddress.ip_network(text) for text in SPECIAL.split()]
WIDEST = {4: 16, 6: 32}


def ranges(networks):
    """Returns the first and last address of each network as numbers, by IP version: Python's own `in` is slow."""
    return {v: [(int(n[0]), int(n[-1])) for n in networks if n.version == v] for v in (4, 6)}


def within(by_family, address):
    number = int(address)
    return any(first <= number <= last for first, last in by_family[address.version])


NEVER_RANGES, SPECIAL_RANGES = ranges(NEVER), ranges(SPECIAL)


def is_isatap(address):
    """Tells whether an IPv6 address contains an IPv4 address (RFC 5214)."""
    return address.version == 6 and address.packed[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def read_address(text):
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if address.version == 6 and address.ipv4_mapped else address


def is_never(address):
    return is_isatap(address) or within(NEVER_RANGES, address)


def is_special(address):
    # Python has its own table. An address is special if one of the two tables has it.
    return within(SPECIAL_RANGES, address) or not address.is_global or address.is_multicast or address.is_reserved


class Installation:
    def __init__(self, table):
        self.holdings = {4: [], 6: []}
        self.domains = {}
        for customer in table["customers"]:
            self.domains[customer["id"]] = customer["domains"]
            for entry in customer["networks"]:
                net = ipaddress.ip_network(entry["cidr"])
                held = (int(net[0]), int(net[-1]), customer["id"], entry.get("allowSpecial", False), net.prefixlen)
                self.holdings[net.version].append(held)
        for held in self.holdings.values():
            held.sort(key=lambda row: -row[4])
        self.callers = table["callers"]
        self.opted_out = ranges([ipaddress.ip_network(text) for text in table["neverTest"]])
        self.own = {ipaddress.ip_address(text) for text in table["own"]}
        self.port = table["port"]

    def holder(self, address):
        number = int(address)
        for first, last, customer, allow_special, _ in self.holdings[address.version]:
            if first <= number <= last:
                return customer, allow_special
        return None, False

    def may(self, caller, customer):
        scope = self.callers[caller]
        return customer is not None and (scope == "all" or customer in scope)

    def judge(self, caller, body):
        address = read_address(body.get("ip"))
        if address is None or body.get("port", self.port) != self.port:
            return "syntax"
        owner, allow_special = self.holder(address)
        lifted = allow_special and self.may(caller, owner)
        if is_never(address) or (is_special(address) and not lifted):
            return "special"
        if address in self.own:
            return "own"
        if body.get("customerId", owner) != owner or not self.may(caller, owner):
            return "not-allowed"
        if within(self.opted_out, address):
            return "opted-out"
        domain = body.get("domain")
        if domain is not None and not any(f".{domain.lower()}".endswith(f".{own}") for own in self.domains[owner]):
            return "domain"
        return f"allow {address}"


def judge_network(entry):
    """Returns `allow`, or why a customers file must not have this entry."""
    try:
        net = ipaddress.ip_network(entry["cidr"])
    except ValueError:
        return "syntax"
    if any(net.version == other.version and net.overlaps(other) for other in NEVER):
        return "never"
    if net.version == 6 and net.prefixlen >= 96 and is_isatap(net[0]):
        return "never"
    if not entry.get("allowSpecial") and any(net.version == o.version and net.overlaps(o) for o in SPECIAL):
        return "special"
    if net.prefixlen < WIDEST[net.version] and not entry.get("allowWide"):
        return "wide"
    return "allow"


installation = Installation(json.loads(sys.stdin.readline()))
for line in sys.stdin:
    case = json.loads(line)
    if "network" in case:
        print(judge_network(case["network"]))
    else:
        print(installation.judge(case["caller"], json.loads(case["body"])))
