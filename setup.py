"""What pyproject.toml cannot say: a wheel has the scripts and conf/ as `fer_exp/scripts`."""

from setuptools import find_namespace_packages, find_packages, setup
from setuptools.command.build_py import build_py


class Scripts(build_py):
    """Leaves this file out, which lies beside the scripts."""

    def find_package_modules(self, package, package_dir):
        """The modules of a package, each with its package, name and file."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if each[1] != "setup"]


setup(
    packages=[
        *find_packages(include=["fer_exp*"]),
        *find_namespace_packages(include=["hydra_plugins*"]),
        "fer_exp.scripts",
    ],
    package_dir={"fer_exp.scripts": "."},
    cmdclass={"build_py": Scripts},
)
