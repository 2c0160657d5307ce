#!/usr/bin/python
# Copyright: hardening.alicloud maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ssh_exposure_info
short_description: Find every path by which the internet reaches a server's SSH port
version_added: "0.1.0"
description:
  - For each ECS instance of an account, lists every path by which a new TCP connection from the internet reaches its
    SSH port, with each gate on it, and says whether anybody gets through, and who. It changes nothing.
  - The paths are static public addresses, the EIPs of every network interface, with those of secondary addresses,
    listeners of load balancers whose back port it is, whatever their front port is, DNAT entries of NAT gateways, with
    those for any port, and IPv6 addresses with internet bandwidth.
  - Security groups are judged as the cloud evaluates them, the rules of all groups of a network interface together. See
    M(hardening.alicloud.security_group_ssh).
  - A server is V(not_reachable) only if everything that could have shown a path was read. A stopped server is
    V(not_reachable). What could not be read stands in RV(unread); then the module fails at its end, and keeps
    everything that it found.
  - CLBs hand connections of TCP listeners on with the client's address, and so do NLBs that preserve it. Whether the
    security groups of the server are asked about them is not documented. Where the groups let a client in, the path is
    V(reachable); where they don't, it is V(unknown). An NLB that does not preserve the client's address comes with its
    own, of which it has several; the path is V(reachable) for everybody where the groups let all of them in.
  - Whoever may not see instances gets an empty list of them from the cloud, and no error. So instances that network
    interfaces and EIPs name, and that list does not, are V(unknown).
  - Not looked for are Global Accelerator, IPv6 translation, connections over private networks or through other servers,
    and filters on the way, as network ACLs, Cloud Firewall, routes, or a firewall on the server itself.
options:
  port:
    description:
      - The port that sshd listens on.
    type: int
    default: 22
  ports:
    description:
      - The port that sshd listens on, for servers where it is another one, by the id of the instance.
    type: dict
    default: {}
  instances:
    description:
      - Patterns of names or ids of instances, as a shell has them. A pattern that begins with V(!) leaves instances
        out.
    type: list
    elements: str
    default: ["*"]
extends_documentation_fragment:
  - hardening.alicloud.connection
  - hardening.alicloud.attributes
seealso:
  - module: hardening.alicloud.security_group_ssh
author:
  - hardening.alicloud maintainers (@hardening-alicloud)
"""

EXAMPLES = r"""
- name: Find out who reaches SSH
  hardening.alicloud.ssh_exposure_info:
  register: exposure

- name: Show the servers that somebody on the internet reaches
  ansible.builtin.debug:
    msg: "{{ exposure.servers | rejectattr('verdict', 'equalto', 'not_reachable') | map(attribute='name') }}"

- name: One server listens elsewhere
  hardening.alicloud.ssh_exposure_info:
    ports:
      i-bp1jumphost: 2222
    instances: ["web-*", i-bp1jumphost]
"""

RETURN = r"""
servers:
  description: Every instance in scope.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id: {description: Id of the instance., type: str, sample: i-bp1web}
    name: {description: Its name., type: str, sample: web-1}
    region: {description: Its region., type: str, sample: ap-northeast-1}
    account_id: {description: Its account., type: str, sample: "1234567890123456"}
    resource: {description: Its ARN., type: str, sample: "acs:ecs:ap-northeast-1:1234567890123456:instance/i-bp1web"}
    status: {description: "The API's word, empty where it could not be read.", type: str, sample: Running}
    port: {description: The port that was looked at., type: int, sample: 22}
    verdict:
      description: V(reachable) from some public source, V(not_reachable) from any, or V(unknown).
      type: str
      sample: not_reachable
    sources:
      description: Public sources that get through for sure, as CIDR blocks. V(0.0.0.0/0) are all public ones of IPv4.
      type: list
      elements: str
      sample: [203.0.113.10/32]
    addresses:
      description: Every address that leads to the server, its private ones first.
      type: list
      elements: str
      sample: [172.16.0.11, 198.51.100.7]
    unread:
      description: What could not be read and may hide a path to this server.
      type: list
      elements: str
    paths:
      description: Every path to the port, those that are stopped on the way included.
      type: list
      elements: dict
      contains:
        kind: {description: "V(public_ip), V(eip), V(clb), V(nlb), V(alb), V(dnat) or V(ipv6).", type: str, sample: clb}
        address: {description: "Public address, empty where it could not be read.", type: str, sample: 203.0.113.80}
        port: {description: Port at that address., type: int, sample: 2222}
        verdict: {description: As that of the server., type: str, sample: reachable}
        sources: {description: Public sources that get through for sure., type: list, elements: str}
        possible_sources: {description: "Those, and the ones that may get through.", type: list, elements: str}
        evidence: {description: "Rules that let somebody in, and what is not documented.", type: list, elements: str}
        gates:
          description: What a packet has to pass, in that order. The first that does not allow anything stops the path.
          type: list
          elements: dict
          contains:
            kind:
              description:
                - V(address), V(balancer_groups), V(listener), V(acl), V(protocol), V(forward), V(security_groups) or
                  V(instance).
              type: str
              sample: security_groups
            name: {description: Ids of what it is., type: str, sample: sg-bp1web}
            allows: {description: Whether it lets any of those by that arrive; null if unknown., type: bool}
            sources: {description: "Whom it lets by for sure, null if that is no matter of sources.", type: list}
            possible_sources: {description: "Those, and the ones that it may let by, or null.", type: list}
            text: {description: The same as a sentence., type: str}
targets:
  description: Every public address of the account, and what it belongs to now.
  returned: always
  type: list
  elements: dict
  contains:
    address: {description: The address., type: str, sample: 203.0.113.80}
    kind: {description: "V(clb), V(nlb), V(alb), V(nat), V(eip), V(instance) or V(ipv6).", type: str, sample: clb}
    id: {description: Id of that., type: str, sample: lb-bp1web}
    name: {description: Its name., type: str, sample: web}
    region: {description: Its region., type: str, sample: ap-northeast-1}
    bound_to: {description: "Id of the instance or interface that has it, or empty.", type: str, sample: ""}
    servers: {description: Ids of the instances that it leads to at whatever port., type: list, elements: str}
    ports:
      description: Listeners or DNAT entries, each with C(first), C(last), C(protocol) and C(back), its back ports.
      type: list
      elements: dict
unread:
  description: What could not be read, with the action, the error code and the request id.
  returned: always
  type: list
  elements: dict
account_id:
  description: The account that was looked at.
  returned: always
  type: str
  sample: "1234567890123456"
"""

from types import SimpleNamespace

from ansible_collections.hardening.alicloud.plugins.module_utils.cloud import Cloud
from ansible_collections.hardening.alicloud.plugins.module_utils.enforce import inform
from ansible_collections.hardening.alicloud.plugins.module_utils.errors import OptionError
from ansible_collections.hardening.alicloud.plugins.module_utils.gates import shown
from ansible_collections.hardening.alicloud.plugins.module_utils.network import Network
from ansible_collections.hardening.alicloud.plugins.module_utils.network_reads import chosen_servers, read
from ansible_collections.hardening.alicloud.plugins.module_utils.paths import Exposure, Routes
from ansible_collections.hardening.alicloud.plugins.module_utils.targets import targets


def look(cloud: Cloud, options: SimpleNamespace) -> dict:
    """Read the network of the account, and judge who reaches each server."""
    ports = sshd_ports(options)
    network = read(cloud, options, {options.port, *ports.values()}, options.instances)
    chosen, unused = chosen_servers(network, options.instances)
    cloud.warnings += [f"instances: no instance in scope matches {pattern!r}." for pattern in unused]
    cloud.warnings += [
        f"ports: there is no instance {name} in scope." for name in sorted(set(ports) - set(network.servers))
    ]
    return judged(network, {one.id: ports.get(one.id, options.port) for one in chosen}, cloud.account_id)


def sshd_ports(options: SimpleNamespace) -> dict[str, int]:
    """The option ports understood; OptionError for what is no port."""
    given = {"port": options.port, **options.ports}
    wrong = [
        f"{name}: {port}" for name, port in given.items() if not str(port).isdecimal() or not 1 <= int(port) <= 65535
    ]
    if wrong:
        raise OptionError(f"{', '.join(wrong)} is no TCP port from 1 to 65535.")
    return {name: int(port) for name, port in options.ports.items()}


def judged(network: Network, ports: dict[str, int], account_id: str) -> dict:
    """The results servers, targets and unread. ports: id of each server in question to the port of its sshd."""
    routes = Routes(network)
    exposures = [routes.to(server, port) for server, port in ports.items()]
    exposures.sort(key=lambda one: (one.server.region, one.server.name, one.server.id))
    return {
        "servers": [server(one, account_id) for one in exposures],
        "targets": targets(network),
        "unread": sorted((gap.as_dict() for gap in network.gaps), key=lambda one: (one["what"], one["action"])),
    }


def server(exposure: Exposure, account_id: str) -> dict:
    """A server with the paths to it."""
    one = exposure.server
    return {
        "instance_id": one.id,
        "name": one.name or one.id,
        "region": one.region,
        "account_id": account_id,
        "resource": f"acs:ecs:{one.region}:{account_id}:instance/{one.id}",
        "status": one.status,
        "port": exposure.port,
        "verdict": exposure.verdict,
        "sources": shown(exposure.sources),
        "addresses": list(exposure.addresses),
        "unread": [gap.name for gap in exposure.gaps],
        "paths": [path.as_dict() for path in exposure.paths],
    }


def main() -> None:
    """Declare the options."""
    inform(
        spec={
            "port": {"type": "int", "default": 22},
            "ports": {"type": "dict", "default": {}},
            "instances": {"type": "list", "elements": "str", "default": ["*"]},
        },
        look=look,
    )


if __name__ == "__main__":
    main()
