#!/bin/bash
# xcat-ha, the node side: one program, made from node/lib and node/parts of the checkout. Do not edit it here: `pulumi
# up` delivers it.
