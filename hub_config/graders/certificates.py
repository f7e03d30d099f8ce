"""Makes the keys with which the parts of a grading cluster identify each other.

``python -m hub_config.graders.certificates DIR`` writes what a Dask scheduler, its workers and
``autograder grade`` need to speak TLS, under the names that a Kubernetes secret has for it, and a
Dask configuration that names these files. Whoever has the key can run anything on the workers, so
the files are readable by their owner alone. The authority's own key is not kept: nobody can add to
the cluster later; to replace its keys, make all of them again.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The names of a Kubernetes secret of type ``kubernetes.io/tls``, which cert-manager uses, too.
AUTHORITY, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
#: For people and machines without Kubernetes: ``DASK_CONFIG=DIR/dask.yaml``.
CONFIGURATION = "dask.yaml"
DAYS = 365
ROLES = ("client", "scheduler", "worker")


class CertificateError(ValueError):
    """The keys cannot be written; the text says why, and what to do."""


def make(folder: Path, *, days: int = DAYS, begin: datetime.datetime | None = None) -> None:
    """Write an authority's certificate, one signed by it, its key, and Dask's configuration.

    Parameters
    ----------
    folder : Path
        Where; made if it is not there.
    days : int
        After how many days the certificates are worth nothing.
    begin : datetime, optional
        From when on they count; now, if not given.

    Raises
    ------
    CertificateError
        If there are keys already (a running cluster would stop to know its workers), or they would
        hold for less than a day.
    """
    names = (AUTHORITY, CERTIFICATE, KEY, CONFIGURATION)
    if days < 1:
        raise CertificateError(f"keys for {days} days open nothing; give --days 1 or more.")
    if there := [name for name in names if (folder / name).exists()]:
        raise CertificateError(
            f"{folder} holds {', '.join(there)} already, which a cluster may be using; name "
            "another folder, or remove it first."
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, member = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = _name("grading authority")
    # Clocks differ by a few minutes.
    begin = (begin or datetime.datetime.now(datetime.UTC)) - datetime.timedelta(minutes=5)
    term = (begin, begin + datetime.timedelta(days=days))
    of_authority = _signed(
        _certificate(issuer, issuer, authority.public_key(), authority, term)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True),
        authority,
    )
    of_member = _signed(
        _certificate(_name("grading"), issuer, member.public_key(), authority, term)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            # Each part of a Dask cluster both calls and is called.
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("grading")]), critical=False),
        authority,
    )
    key = member.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for name, content in (
        (AUTHORITY, of_authority),
        (CERTIFICATE, of_member),
        (KEY, key),
        (CONFIGURATION, json.dumps(configuration(folder), indent=1).encode() + b"\n"),
    ):
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)


def configuration(folder: Path) -> dict[str, object]:
    """Return Dask's configuration for all parts of a cluster whose keys lie in ``folder``."""
    place = folder.absolute()
    mine = {"cert": str(place / CERTIFICATE), "key": str(place / KEY)}
    tls = {"ca-file": str(place / AUTHORITY), **dict.fromkeys(ROLES, mine)}
    return {"distributed": {"comm": {"require-encryption": True, "tls": tls}}}


def environment(folder: str, role: str) -> dict[str, str]:
    """Return the same for one role as environment variables, which Dask reads as well.

    Parameters
    ----------
    folder : str
        Where the keys will lie, on whatever machine that is.
    role : str
        One of `ROLES`.
    """
    prefix = "DASK_DISTRIBUTED__COMM__"
    return {
        f"{prefix}REQUIRE_ENCRYPTION": "true",
        f"{prefix}TLS__CA_FILE": f"{folder}/{AUTHORITY}",
        f"{prefix}TLS__{role.upper()}__CERT": f"{folder}/{CERTIFICATE}",
        f"{prefix}TLS__{role.upper()}__KEY": f"{folder}/{KEY}",
    }


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    authority: ec.EllipticCurvePrivateKey,
    term: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(term[0])
        .not_valid_after(term[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(identifier, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, authority: ec.EllipticCurvePrivateKey) -> bytes:
    certificate = builder.sign(authority, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m hub_config.graders.certificates", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    parser.add_argument("--days", type=int, default=DAYS, help=f"how long they hold ({DAYS})")
    arguments = parser.parse_args(argv)
    try:
        make(arguments.folder, days=arguments.days)
    except (CertificateError, OSError) as error:
        sys.stderr.write(f"certificates: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
