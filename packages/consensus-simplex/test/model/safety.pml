/*
 * Safety of one epoch of simplex, four seats of equal weight, one of them a liar: lemmas L1, L2 and L3 of docs/spec/simulation.md,
 * section 7. Checked by spin; README.md beside this file says how, and what is dropped to see the check fail.
 *
 * The network is whatever the worst is: a certificate that could be made of the votes cast so far may be seen by anyone at any
 * time, or never. The liar's vote for everything counts as cast from the start, in favour of whoever can use it. Leaders are
 * liars too: two blocks may be proposed in a view, on any parent that can be justified.
 *
 * Votes are never taken back, so certificates only become more, and a vote in a view rests on certificates of earlier views
 * only. Any run can therefore be put in the order of its views without taking a vote from it. Unless FREE is defined the
 * honest cast all their votes of a view before any of the next, and only certificates are remembered of a view that is over:
 * what is left to explore is small enough for four views in seconds. With FREE every order is explored, in fewer views.
 */
#ifndef VIEWS
#define VIEWS 4
#endif
#ifndef QUORUM
#define QUORUM 3
#endif
#define HONEST 3
#define ALL 7

/* Two blocks a view; 0 is genesis, certified and justified. */
#define BLOCK(view, twin) (2 * (view) + (twin))
#define VIEW(block) ((block) / 2)
#define BLOCKS (2 * VIEWS + 2)

/* Honest voters as bits, by block or view. */
byte notarized[BLOCKS];
byte finalized[BLOCKS];
byte nullified[VIEWS + 1];
/* One more than the block that a block stands on; 0 until it is proposed. */
byte parent[BLOCKS];
byte now = 1;

#define COUNT(voters) (((voters) & 1) + (((voters) >> 1) & 1) + (((voters) >> 2) & 1))
/* The liar's vote is the one besides. */
#define CERTIFIED(voters) (COUNT(voters) + 1 >= QUORUM)
#define NOTARIZATION(block) ((block) == 0 || ((block) > 1 && CERTIFIED(notarized[block])))
#define NULLIFICATION(view) CERTIFIED(nullified[view])
#define FINALIZATION(block) CERTIFIED(finalized[block])

#define VOTED(voters, node) (((voters) >> (node)) & 1)
#ifdef DROP_R7 /* a node that starts anew does not know what it has signed */
#define OWN(voters, node) false
#else
#define OWN(voters, node) VOTED(voters, node)
#endif
#define OWN_IN(votes, view, node) (OWN(votes[BLOCK(view, 0)], node) || OWN(votes[BLOCK(view, 1)], node))

#ifdef DROP_R4 /* R4: who gave a view up does not finalize in it */
#define MAY_FINALIZE(view, node) true
#else
#define MAY_FINALIZE(view, node) (!OWN(nullified[view], node))
#endif
#ifdef DROP_R5 /* R5: who finalized in a view does not give it up */
#define MAY_NULLIFY(view, node) true
#else
#define MAY_NULLIFY(view, node) (!OWN_IN(finalized, view, node))
#endif

/* The certificate of the parent, and a nullification of every view between. */
inline justify(block, candidate, answer) {
  answer = NOTARIZATION(candidate);
  between = VIEW(candidate) + 1;
  do
  :: answer && between < VIEW(block) ->
#ifndef DROP_JUSTIFICATION
     answer = NULLIFICATION(between);
#endif
     between++
  :: else -> break
  od;
  between = 0
}

/* L1: one certified block a view. L2: no view is both final and given up. L3: what is certified after a final block stands on it. */
inline check() {
  view = 1;
  do
  :: view <= VIEWS ->
     assert(!(NOTARIZATION(BLOCK(view, 0)) && NOTARIZATION(BLOCK(view, 1))));
     twin = 0;
     do
     :: twin < 2 ->
        final = BLOCK(view, twin);
        if
        :: FINALIZATION(final) ->
           assert(!NULLIFICATION(view));
           later = BLOCK(view + 1, 0);
           do
           :: later < BLOCKS ->
              if
              :: NOTARIZATION(later) ->
                 below = later;
                 do
                 :: VIEW(below) > view -> below = parent[below] - 1
                 :: else -> break
                 od;
                 assert(below == final)
              :: else
              fi;
              later++
           :: else -> break
           od
        :: else
        fi;
        twin++
     :: else -> break
     od;
     view++
  :: else -> break
  od;
  view = 0; twin = 0; final = 0; later = 0; below = 0
}

/* A view that is over: of its votes only the certificates count. */
inline forget(old) {
  nullified[old] = (NULLIFICATION(old) -> ALL : 0);
  twin = 0;
  do
  :: twin < 2 ->
     final = BLOCK(old, twin);
     notarized[final] = (NOTARIZATION(final) -> ALL : 0);
     finalized[final] = (FINALIZATION(final) -> ALL : 0);
     if
     :: notarized[final] == 0 -> parent[final] = 0
     :: else
     fi;
     twin++
  :: else -> break
  od;
  twin = 0; final = 0
}

#ifdef FREE
#define OPEN(view) (view <= VIEWS)
#define FIRST 1
#else
#define OPEN(view) (view <= now)
#define FIRST now
#endif

active [HONEST] proctype voter() {
  byte mine = 0;
  byte block = 0;
  byte base = 0;
  /* Scratch, zero between steps. */
  byte view = 0, twin = 0, final = 0, later = 0, below = 0, between = 0;
  bool justified = false;
end:
  do
  :: atomic {
       now <= VIEWS;
       mine = FIRST;
       do
       :: OPEN(mine + 1) -> mine++
       :: break
       od;
       if
       /* R2: the first valid proposal that arrives, even after giving the view up. */
       :: !OWN_IN(notarized, mine, _pid) ->
          if
          :: block = BLOCK(mine, 0)
          :: block = BLOCK(mine, 1)
          fi;
          if
          :: parent[block] == 0 ->
             base = 0;
             do
             :: base + 1 < BLOCK(mine, 0) -> base++
             :: break
             od;
             skip;
             d_step { justify(block, base, justified); skip };
             if
             :: justified -> parent[block] = base + 1
             :: else
             fi
          :: else
          fi;
          if
          :: parent[block] != 0 ->
             d_step { notarized[block] = notarized[block] | (1 << _pid); check() }
          :: else
          fi
       /* R4: on a notarization. */
       :: MAY_FINALIZE(mine, _pid) && !OWN_IN(finalized, mine, _pid) && NOTARIZATION(BLOCK(mine, 0)) ->
          d_step { finalized[BLOCK(mine, 0)] = finalized[BLOCK(mine, 0)] | (1 << _pid); check() }
       :: MAY_FINALIZE(mine, _pid) && !OWN_IN(finalized, mine, _pid) && NOTARIZATION(BLOCK(mine, 1)) ->
          d_step { finalized[BLOCK(mine, 1)] = finalized[BLOCK(mine, 1)] | (1 << _pid); check() }
       /* R3, R5: a timer may be due at any time. */
       :: MAY_NULLIFY(mine, _pid) && !VOTED(nullified[mine], _pid) ->
          d_step { nullified[mine] = nullified[mine] | (1 << _pid); check() }
#ifndef FREE
       /* Nobody votes in this view any more. */
       :: d_step { forget(now); now++ }
#endif
       :: else
       fi;
       mine = 0; block = 0; base = 0; justified = false
     }
  od
}
