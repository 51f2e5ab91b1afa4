export XCATROOT=/opt/xcat
export PATH=$XCATROOT/bin:$XCATROOT/sbin:$XCATROOT/share/xcat/tools:$PATH
export PERL_BADLANG=0
