import { CustomerJourney } from './customer-journey.js';

if (!customElements.get('customer-journey')) customElements.define('customer-journey', CustomerJourney);

export { CustomerJourney };
