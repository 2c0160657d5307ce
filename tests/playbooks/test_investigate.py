# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/investigate.yml on accounts whose evidence decides one way or the other."""

from __future__ import annotations

import copy
import socket
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml

from simulator import Simulator, demo_server
from tests.harness import key

from .conftest import Account

REGION = "cn-hangzhou"
OFFICE, WORLD, TOR = "203.0.113.10/32", "0.0.0.0/0", "23.129.64.201"
BALANCER, EIP, NAT = "203.0.113.80", "198.51.100.7", "198.51.100.9"
DAY = (datetime.now(UTC) - timedelta(days=2)).replace(hour=4, minute=1, second=15, microsecond=0)
TOKYO = timezone(timedelta(hours=9))


def estate(*sources, attacked=BALANCER, listener=None, attack=None, **more):
    """Write an account whose one server lets these sources in, behind a load balancer, and the attack on an address."""
    rules = [{"source": source, "ports": "22/22"} for source in sources]
    listeners = [listener or {"port": 80, "protocol": "http", "backend_port": 8080}]
    return {
        "regions": [REGION],
        "ecs": {
            "security_groups": [{"id": "sg-web", "name": "web", "region": REGION, "rules": rules}],
            "instances": [server(**more.pop("server", {}))],
            **more.pop("ecs", {}),
        },
        "slb": {
            "load_balancers": [
                {"id": "lb-web", "name": "web-slb", "region": REGION, "address": BALANCER, "listeners": listeners,
                 "servers": [{"server": "i-web", "weight": 100}]}
            ]
        },
        "sas": {"attacks": [{"source": TOR, "internet_ip": attacked, "count": 9, **moment(DAY), **(attack or {})}]},
        **more,
    }  # fmt: skip


def server(**more):
    """Write the server, which has no public address of its own."""
    return {"id": "i-web", "name": "web-1", "region": REGION, "groups": ["sg-web"], "private_ip": "172.16.0.11"} | more


def moment(when):
    """Write a moment as an estate has it."""
    return {"time": when.strftime("%Y-%m-%dT%H:%M:%SZ")}


def rule(event, minutes):
    """Write the event of a rule for everybody that was added or removed so many minutes after the attack."""
    request = {"SecurityGroupId": "sg-web", "Permissions.1.IpProtocol": "TCP", "Permissions.1.PortRange": "22/22",
               "Permissions.1.SourceCidrIp": WORLD}  # fmt: skip
    seeded = {"event": event, "service": "Ecs", "region": REGION, "user": "contractor", "request": request}
    return seeded | moment(DAY + timedelta(minutes=minutes))


class Scene:
    """Accounts of one cloud, and servers in the inventory whose logs are files of the test."""

    def __init__(self, folder, collection):
        self.folder, self.collection = folder, collection
        self.accounts, self.hosts, self.servers = [], {}, {}

    def account(self, name, given, denied=(), **variables):
        """Add an account, with a key of its own."""
        number = len(self.accounts) + 1
        secret = f"simulator-secret-{number}"
        own = key("auditor", denied) | {"id": f"LTAI5tSimAuditor{number:08}", "secret": secret}
        self.accounts.append({"id": f"{number:016}", "keys": [own], **copy.deepcopy(given)})
        self.hosts[name] = {"alicloud_access_key_id": own["id"], "alicloud_access_key_secret": secret} | variables

    def log(self, account, *lines, name="web-1", zone=UTC, **variables):
        """Give a server of an account a log in syslog's format and its own zone, begun long before the attack."""
        path = self.folder / f"{account} {name}.log"
        said = [(DAY - timedelta(days=20), "Server listening on 0.0.0.0 port 22."), *lines]
        path.write_text("".join(
            f"{when.astimezone(zone).strftime('%b %e %H:%M:%S')} {name} sshd[812]: {text}\n" for when, text in said
        ))  # fmt: skip
        (self.folder / "sshd_config").write_text("Port 22\n")  # whatever this machine's own sshd listens on
        offset = datetime.now(zone).strftime("%z")
        self.servers[f"{account} {name}"] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "alicloud_instance_id": "i-web",
            "alicloud_account": account,
            "ssh_investigation_logins_paths": [str(path)],
            "ssh_investigation_logins_config": str(self.folder / "sshd_config"),
            "ssh_investigation_logins_journal": False,
            "ssh_investigation_logins_become": False,
            "ssh_investigation_logins_timezone": f"{offset[:3]}:{offset[3:]}",
        } | variables

    def play(self, *options):
        """Run the playbook; nothing may be written, and nothing warned about."""
        inventory = self.folder / "inventory.yml"
        children = {"ssh_servers": {"hosts": self.servers}} if self.servers else {}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": self.hosts, "children": children}}))
        with Simulator({"accounts": self.accounts}) as sim:
            account = Account(sim, {"nobody": {"id": "", "secret": ""}}, self.folder)
            run = account.play("nobody", "-i", inventory, "playbooks/investigate.yml", *options, cwd=self.collection)
            assert account.writes() == []
            assert sim.violations() == []
            self.asked = [call["action"] for call in sim.journal()]
        assert "WARNING" not in run.output, run.output
        return run

    def found(self, run):
        """Each account's one investigation in the report."""
        names = {account["id"]: name for account, name in zip(self.accounts, self.hosts, strict=True)}
        found = {names[one["account_id"]]: one for one in run.report["investigations"]}
        assert len(found) == len(run.report["investigations"])
        return found


@pytest.fixture
def scene(tmp_path, collection):
    return Scene(tmp_path, collection)


def standing(found, hypothesis):
    """How a hypothesis stands."""
    return next(one["standing"] for one in found["hypotheses"] if one["id"] == hypothesis)


def best(found):
    """The names of the two best explanations."""
    return [one["name"] for one in found["hypotheses"][:2]]


@pytest.fixture(scope="module")
def decided(tmp_path_factory, collection):
    """Give the investigation of each of the accounts below, out of one run over all of them."""
    scene = Scene(tmp_path_factory.mktemp("accounts"), collection)
    scene.account("quiet", estate(OFFICE))
    scene.log("quiet", (DAY, "Accepted publickey for ops from 203.0.113.10 port 51111 ssh2: ED25519 SHA256:x"))

    own = {"attacked": EIP, "server": {"public_ip": EIP}}
    six = [rule("AuthorizeSecurityGroup", -3), rule("RevokeSecurityGroup", 3)]
    scene.account("six minutes", estate(OFFICE, **own, actiontrail={"events": six}))
    later = estate(OFFICE, WORLD, **own, actiontrail={"events": [rule("AuthorizeSecurityGroup", 60)]})
    scene.account("later, or before", later)
    later["ecs"]["security_groups"][0]["rules"][1]["created"] = moment(DAY + timedelta(minutes=60))["time"]
    scene.account("later", later)

    old_group = {"id": "sg-old", "region": REGION, "rules": [{"source": WORLD, "ports": "1/65535"}]}
    second = {"id": "eni-old", "region": REGION, "instance": "i-web", "groups": ["sg-old"], "private_ip": "172.16.1.11"}
    eip = {"id": "eip-old", "region": REGION, "address": EIP, "bound_to": "eni-old"}
    forgotten = estate(OFFICE, vpc={"eips": [eip]}, ecs={"network_interfaces": [second]})
    forgotten["ecs"]["security_groups"].append(old_group)
    scene.account("forgotten eip", forgotten)

    to_sshd = {"port": 2222, "protocol": "tcp", "backend_port": 22}
    scene.account("tcp listener", estate(WORLD, listener=to_sshd))
    scene.account("tcp listener, closed group", estate(OFFICE, listener=to_sshd))

    forward = {"id": "fwd-1", "external_ip": NAT, "external_port": "any", "internal_ip": "172.16.0.11",
               "internal_port": "any", "protocol": "Any"}  # fmt: skip
    vpc = {
        "eips": [{"id": "eip-nat", "region": REGION, "address": NAT, "bound_to": "ngw-1"}],
        "nat_gateways": [{"id": "ngw-1", "region": REGION, "forward_table": "ftb-1", "forwards": [forward]}],
    }
    scene.account("dnat", estate(WORLD, attacked=NAT, vpc=vpc))

    scene.account("tokyo", estate(OFFICE))
    scene.log("tokyo", (DAY, f"Failed password for root from {TOR} port 50122 ssh2"), zone=TOKYO)

    scene.account("let in", estate(WORLD, **own))
    entered = DAY + timedelta(hours=3)
    scene.log("let in", (entered, f"Accepted password for deploy from {TOR} port 50122 ssh2"))

    run = scene.play()
    assert run.code == 0, run.output
    return scene.found(run)


@pytest.mark.parametrize("options", [["--check"], []], ids=["with --check", "without --check"])
def test_the_story(account, collection, options):
    """Both events of the demo went to a load balancer that speaks HTTP, and no way led from there to a server."""
    run = account.play("auditor", "playbooks/investigate.yml", *options, cwd=collection)

    assert run.code == 0, run.output
    assert account.writes() == []
    assert "WARNING" not in run.output, run.output
    found = run.report["investigations"]
    assert [one["event"]["source"] for one in found] == ["23.129.64.201", "23.129.64.202"]
    for one in found:
        assert (one["verdict"], one["target"]["kind"], one["servers"]) == ("not_reachable", "clb", ["i-6weacmeweb1"])
        assert one["event"]["source_lists"] == ["Tor exits"]
        assert one["event"]["local_time"].endswith("13:01:15")
        assert best(one) == ["wrong-target", "blocked-at-border"]
        assert standing(one, "H1") == "likely"  # no server is in the inventory, so no log was read
        assert "could not have reached sshd of acme-web-1" in one["sentence"]
        assert [moment["kind"] for moment in one["timeline"]] == ["address", *["change"] * 6, "attack"]
    said = " ".join(run.output.split())
    assert "None of 2 SSH events could have reached a server" in said
    assert found[0]["sentence"] in said
    assert "1 more event with the same conclusion: 23.129.64.202" in said


def test_the_demo(account, collection, tmp_path):
    """With the log of the demo's server it is confirmed, and what the log holds stands in the report."""
    inventories = ("-i", collection / "inventories" / "simulator", "-i", demo_server.server(tmp_path))
    run = account.play("auditor", "playbooks/investigate.yml", *inventories, cwd=collection)

    assert run.code == 0, run.output
    for one in run.report["investigations"]:
        assert (one["verdict"], standing(one, "H1"), one["unread"]) == ("not_reachable", "confirmed", [])


def test_quiet_logs_make_it_certain(decided):
    """With the logs of all servers read and silent, it is confirmed that the attack went past them."""
    found = decided["quiet"]
    assert (found["verdict"], standing(found, "H1")) == ("not_reachable", "confirmed")
    assert {standing(found, name) for name in ("H3", "H4", "H5", "H6")} == {"ruled_out"}
    assert "The logs of that time were read, and hold nothing of it." in found["sentence"]
    assert found["unread"] == []


def test_a_group_that_was_open_for_six_minutes(decided):
    """The group let everybody in from three minutes before until three minutes after."""
    found = decided["six minutes"]
    assert (found["verdict"], standing(found, "H5")) == ("reachable", "confirmed")
    assert best(found)[0] == "open-for-a-while"
    assert "could have reached sshd of web-1 (i-web) at that time" in found["sentence"]
    assert "opened by contractor" in found["sentence"]
    assert [path["stopped_by"]["kind"] for path in found["paths"]] == ["security_groups"]  # today
    kinds = [one["kind"] for one in found["timeline"]]
    assert kinds.index("opening") < kinds.index("attack")
    assert kinds.count("change") == 2


@pytest.mark.parametrize(("account", "verdict"), [("later", "not_reachable"), ("later, or before", "reachable")])
def test_a_rule_that_was_added_later(decided, account, verdict):
    """A rule that was made after the attack let nobody in; one that is older was added a second time, to no effect."""
    found = decided[account]
    assert (found["verdict"], standing(found, "H5")) == (verdict, "ruled_out")
    assert [path["admits"] for path in found["paths"]] == [True]  # today


def test_a_forgotten_eip_on_a_second_interface(decided):
    """The attacked load balancer leads nowhere, but the server behind it has an EIP that nobody thinks of."""
    found = decided["forgotten eip"]
    assert (found["verdict"], found["target"]["kind"]) == ("reachable", "clb")
    assert "another-path" in best(found)
    assert [(path["kind"], path["address"], path["stopped_by"]) for path in found["paths"]] == [("eip", EIP, None)]
    assert "could have reached sshd of web-1" in found["sentence"]


@pytest.mark.parametrize(
    ("account", "verdict", "explained"),
    [("tcp listener", "reachable", "likely"), ("tcp listener, closed group", "unknown", "possible")],
)
def test_a_tcp_listener_at_another_port(decided, account, verdict, explained):
    """2222 leads to 22. Whether the group is asked is documented nowhere, so what it refuses stays unknown."""
    found = decided[account]
    assert (found["verdict"], standing(found, "H6")) == (verdict, explained)
    assert [(path["address"], path["port"]) for path in found["paths"]] == [(BALANCER, 2222)]


def test_a_dnat_entry_for_any_port(decided):
    """The attacked address is that of a NAT gateway, which hands every port on to the server."""
    found = decided["dnat"]
    assert (found["verdict"], found["target"]["kind"], best(found)[0]) == ("reachable", "nat", "another-path")
    assert [path["kind"] for path in found["paths"]] == ["dnat"]


def test_a_server_in_another_time_zone(decided):
    """The attempt is in the log, nine hours from where one looks: it did reach sshd, whatever else was read."""
    found = decided["tokyo"]
    assert (found["verdict"], best(found)[0], standing(found, "H4")) == ("reachable", "time-or-rotation", "confirmed")
    assert found["sentence"].startswith("It reached sshd: 1 line of web-1")
    assert "13:01:15 UTC+09:00" in " ".join(found["hypotheses"][0]["for"])
    assert [one["outcome"] for one in found["timeline"] if one["kind"] == "login"] == ["failed"]


def test_an_accepted_login(decided):
    """That the source got in, hours later, is the first thing to be said."""
    found = decided["let in"]
    assert found["sentence"].startswith(f"A login of {TOR} was accepted: as deploy on web-1")
    assert found["verdict"] == "reachable"


def test_what_can_not_be_read_is_unknown(scene):
    """Without ActionTrail, or a server, the rest is concluded; the run ends non-zero and names what is missing."""
    scene.account("no history", estate(OFFICE), denied=[{"Action": "actiontrail:LookupEvents", "Resource": "*"}])
    scene.account("no server", estate(OFFICE))
    nowhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    scene.log("no server", name="web-2", alicloud_instance_id="i-other", **nowhere)
    run = scene.play()
    assert run.code == 2
    assert "Unread: the changes" in run.output
    assert "Unread: the logins of no server web-2" in run.output
    found = scene.found(run)
    assert (found["no history"]["verdict"], standing(found["no history"], "H1")) == ("unknown", "likely")
    assert any("LookupEvents" in str(one) for one in found["no history"]["unread"])
    assert found["no server"]["verdict"] == "not_reachable"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ssh_investigation_timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"ssh_investigation_source_lists": {"tor": ["185.220.101.300"]}}, "185.220.101.300"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(scene, options, message):
    """The message names what is wrong."""
    scene.account("acme", estate(OFFICE), **options)
    run = scene.play()
    assert run.code == 2
    assert message in run.output
    assert set(scene.asked) <= {"GetCallerIdentity"}


def test_a_probe_goes_to_the_accounts_own_addresses_only(scene):
    """From the vantage host, the attacked address is tried if it is the account's; another one never is."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.2", 0)) as foreign:
        listening.settimeout(0.1)
        foreign.settimeout(0.1)
        port, other = listening.getsockname()[1], foreign.getsockname()[1]
        given = estate(WORLD, attacked="127.0.0.1", listener={"port": port, "protocol": "tcp", "backend_port": 22})
        given["slb"]["load_balancers"][0]["address"] = "127.0.0.1"
        given["sas"]["attacks"].append({"source": TOR, "internet_ip": "127.0.0.2", "port": other, **moment(DAY)})
        scene.account(
            "acme",
            given,
            ssh_investigation_probes_vantage="office",
            ssh_investigation_probes_timeout=1,
            ssh_investigation_probes_python=sys.executable,
        )
        scene.hosts["office"] = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        run = scene.play("-l", "acme")
        assert run.code == 0, run.output
        listening.accept()[0].close()
        with pytest.raises(TimeoutError):
            foreign.accept()
    probes = [one for found in run.report["investigations"] for one in found["timeline"] if one["kind"] == "probe"]
    assert {one["outcome"] for one in probes if f"port {port} " in one["text"]} == {"open"}
    assert {one["source"] for one in probes} == {"office"}
