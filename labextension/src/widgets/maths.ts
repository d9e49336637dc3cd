export { default } from '../maths';
