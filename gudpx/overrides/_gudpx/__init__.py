# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the override of Gudpx is made of: each module has one job, and Gudpx.py puts them in place."""
