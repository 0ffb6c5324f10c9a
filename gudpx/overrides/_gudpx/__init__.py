# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of the override of Gudpx. Each module has one job; Gudpx.py combines them."""
