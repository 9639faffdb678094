import type { ExperimentResult } from './experiment.js';
import type { Presentation } from './presentation.js';
import { presentSelection } from './present-selection.js';

/** What people see of a result: the same for text and HTML. */
export function present(result: ExperimentResult): Presentation {
  const { scenario, figures, measured } = result;
  const described = { title: scenario.title, description: scenario.description ?? '' };
  switch (figures.kind) {
    case 'selection':
      return { ...described, ...presentSelection(figures, measured) };
  }
}
